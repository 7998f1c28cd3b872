"""tocsin's own Celery app, for who has none: the standalone server, and hosts that give a BROKER_URL."""

from __future__ import annotations

from celery import Celery

from tocsin import conf
from tocsin.engines import PLAN, broker

app = Celery("tocsin", broker=conf.get("BROKER_URL"), set_as_current=False)
app.conf.update(
    imports=("tocsin.tasks",),
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_default_queue=broker.queue_name(PLAN),
    task_default_queue_type="quorum",
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,  # a worker that was killed would leave its address in the broker
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
)
