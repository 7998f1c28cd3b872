"""A host that has a Celery app already, with a task of its own."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.engines.host")
app = Celery("shop", broker=os.environ["TEST_BROKER_URL"])
app.autodiscover_tasks()


@app.task
def own() -> None:
    """What the host's own work leaves behind."""
    from django.contrib.auth.models import Group

    Group.objects.create(name="made by the host's task")
