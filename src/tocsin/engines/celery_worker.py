"""`tocsin worker` where the engine is celery: a worker of tocsin's own app, with the queues of its channels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tocsin.engines import broker

if TYPE_CHECKING:
    from collections.abc import Collection


def run(channels: Collection[str], concurrency: int | None) -> int:
    """Work until SIGTERM or SIGINT, then finish what is in hand. Returns the exit code."""
    # On RabbitMQ a second worker of the same name cannot start.
    name = f"--hostname=tocsin{os.getpid()}@%h"
    options = ["worker", name, "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    if channels:
        options.append(f"--queues={','.join(map(broker.queue_name, channels))}")
    if concurrency is not None:
        options.append(f"--concurrency={concurrency}")
    return broker.app().worker_main(options) or 0
