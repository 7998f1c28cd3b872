"""The server that is measured, for uvicorn. With BENCH_KEEPS_NOTHING it answers without storing anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import django

django.setup()

from tocsin import pipeline  # noqa: E402 (needs Django)
from tocsin.events.accept import Accepted  # noqa: E402
from tocsin.events.ids import uuid7  # noqa: E402
from tocsin.server.router import Application  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence


def _nothing(drafts: Sequence[Any]) -> list[Accepted]:
    return [Accepted(uuid7(), True) for _ in drafts]


if os.environ.get("BENCH_KEEPS_NOTHING"):
    pipeline.accept_request = _nothing
    pipeline.accept_group = lambda requests: [_nothing(drafts) for drafts in requests]

application = Application()
