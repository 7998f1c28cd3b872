"""A host that has a Celery app already, with a task of its own."""

from __future__ import annotations

import os
import time

from celery import Celery

from tocsin import engines

engines.DRAIN_SECONDS = 0.5
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.engines.host")
app = Celery("shop", broker=os.environ["TEST_BROKER_URL"])
app.autodiscover_tasks()


@app.task
def own(seconds: float) -> None:
    """What the host's own work leaves behind, which takes longer than tocsin's may when the worker is to end."""
    from django.contrib.auth.models import Group

    Group.objects.create(name="begun")
    time.sleep(seconds)
    Group.objects.create(name="ended")
