"""What the rig's processes do. Each function is one role, played by a process of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection

import tocsin
from tests.faults.far_away import move_to
from tests.faults.journal import Journal
from tocsin import clock, engines, pipeline
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import FINAL, Reason, State
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination
from tocsin.schedule.models import Series
from tocsin.tenants.models import Organization

SUBMITTED = "submitted.jsonl"


def migrate() -> None:
    """Make the tables, and the rows that every test finds."""
    from django.core.management import call_command

    from tocsin.tenants.organizations import implicit

    call_command("migrate", verbosity=0, interactive=False)
    implicit()


def person(name: str, destinations: list[dict[str, Any]]) -> int:
    """A user with destinations: `{"channel": …, "label": …, "settings": {…}}` each."""
    user = get_user_model().objects.create_user(name, f"{name}@example.org")
    for one in destinations:
        add_destination(user, one["channel"], one["settings"], label=one["label"])
    return int(user.pk)


def tenant(slug: str, url: str) -> int:
    """An organization with a webhook; the number of that destination."""
    made = Organization.objects.create(slug=slug, name=slug)
    return int(add_destination(made, "webhook", {"url": url}, label=slug).pk)


def crowd(count: int) -> None:
    """So many users with an e-mail address each, made by one statement."""
    no, yes = ("false", "true") if connection.vendor == "postgresql" else ("0", "1")
    with connection.cursor() as cursor:
        cursor.execute(f"""
            WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {count})
            INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff,
                                   is_active, date_joined)
            SELECT '', {no}, 'person' || n, '', '', 'person' || n || '@example.org', {no}, {yes}, '2026-01-01'
            FROM t
        """)


def notify(**fields: Any) -> str:
    """One event; its id."""
    return str(tocsin.notify(**fields).id)


def submit(prefix: str, count: int = 10**6, backlog: int = 0, pause: float = 0.0, **fields: Any) -> None:
    """Event after event, each with a key of its own, and a line on disk before and after every call.

    Ends after `count` events, or when there is a file `enough`; waits while more than `backlog` deliveries
    are on their way, where that is given.
    """
    journal = Journal(Path(settings.FOLDER) / SUBMITTED)
    for number in range(count):
        if (Path(settings.FOLDER) / "enough").exists():
            return
        while backlog and _on_their_way() > backlog:
            time.sleep(0.02)
        key = f"{prefix}{number}"
        journal.write(key=key, said="trying")
        try:
            made = tocsin.notify(title=key, dedupe_key=key, **fields)
        except Exception as error:
            journal.write(key=key, said="unknown", error=f"{type(error).__name__}: {error}")
            connection.close()
        else:
            journal.write(key=key, said="acked", event=str(made.id), at=time.time())
        time.sleep(pause)


def _on_their_way() -> int:
    try:
        return Delivery.objects.exclude(state__in=FINAL).count()
    except DatabaseError:
        connection.close()
        return 0


def submit_many(prefix: str, count: int, **fields: Any) -> None:
    """The same by one commit, without a journal."""
    drafts = [[pipeline.parse({"title": f"{prefix}{number}", **fields})] for number in range(count)]
    pipeline.accept_group(drafts)


def worker(machine: str = "", drain: float = engines.DRAIN_SECONDS) -> None:
    """What `tocsin worker` does, without its command line; on another machine where one is named."""
    if machine:
        move_to(machine)
    os.setpgrp()
    engines.DRAIN_SECONDS = drain
    from tocsin.engines.worker import WorkerProcess

    WorkerProcess(engines.work()).run()


def celery_worker(drain: float = engines.DRAIN_SECONDS) -> None:
    """What `tocsin worker` does where the engine is celery; its processes die with it."""
    from celery.signals import worker_process_init

    from tests.faults.forge import die_with_parent
    from tocsin.engines import celery_worker

    os.setpgrp()
    engines.DRAIN_SECONDS = drain
    worker_process_init.connect(lambda **_: die_with_parent(), weak=False)
    celery_worker.run((), 2)


def tell(channels: list[str]) -> None:
    """Hint at these by way of the broker, one after the other, whether there is work or not."""
    from tocsin.engines.broker import Line

    line = Line()
    for channel in channels:
        if not line.tell(channel):
            raise ConnectionError("the broker took no hint")


def plan(name: str, moment: float = 0.0) -> None:
    """Plan once, at a time that several processes may agree on; a file says how many events were taken."""
    connection.ensure_connection()
    while time.time() < moment:
        pass
    Path(settings.FOLDER, name).write_text(str(pipeline.run("plan", 200)))


def sweep() -> list[str]:
    return sorted(pipeline.sweep())


def sweeper() -> None:
    """Sweep again and again, until it is killed."""
    while True:
        for channel in engines.work().sweep():
            engines.hint(channel)
        time.sleep(0.02)


def series(count: int, **fields: Any) -> None:
    """So many events that come again every day, as if they were due now."""
    keys = [tocsin.repeat(title=f"series{one}", rrule="FREQ=DAILY", **fields).pk for one in range(count)]
    Event.objects.filter(series_id__in=keys).update(due_at=clock.now())
    Series.objects.filter(pk__in=keys).update(latest_at=clock.now())


def put_off(prefix: str) -> None:
    """As if the hours of those who are told had just begun, for events whose title begins so."""
    waiting = Delivery.objects.filter(
        event_id__in=Event.objects.filter(title__startswith=prefix).values("pk")
    )
    waiting.update(state=State.DEFERRED, reason=Reason.WINDOW_CLOSED)


def resume(channel: str) -> None:
    from tocsin.deliveries import pauses

    pauses.resume(channel)


def pause(channel: str) -> None:
    from tocsin.deliveries import pauses

    pauses.pause(channel)


def replan() -> int:
    """Have dead events planned again: what an operator does by hand. How many there were."""
    dead = Event.objects.filter(state="dead")
    return dead.update(state="waiting", reason="", detail="", claims=0)


def replay(public_ids: list[str]) -> int:
    return pipeline.replay(public_ids)


ROLES = {
    role.__name__: role
    for role in (
        migrate,
        person,
        crowd,
        tenant,
        notify,
        submit,
        submit_many,
        worker,
        celery_worker,
        tell,
        sweeper,
        series,
        put_off,
        resume,
        plan,
        sweep,
        pause,
        replan,
        replay,
    )
}
