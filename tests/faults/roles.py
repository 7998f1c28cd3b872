"""What the rig's processes do. Each function is one role, played by a process of its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection

import tocsin
from tests.faults.far_away import move_to
from tests.faults.journal import Journal
from tocsin import engines, pipeline
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import FINAL
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination

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


def worker(machine: str = "") -> None:
    """What `tocsin worker` does, without its command line; on another machine where one is named."""
    if machine:
        move_to(machine)
    from tocsin.engines.worker import WorkerProcess

    WorkerProcess(engines.Work(pipeline.run, pipeline.sweep, pipeline.renew, pipeline.batch_size)).run()


def plan(name: str, moment: float = 0.0) -> None:
    """Plan once, at a time that several processes may agree on; a file says how many events were taken."""
    connection.ensure_connection()
    while time.time() < moment:
        pass
    Path(settings.FOLDER, name).write_text(str(pipeline.run("plan", 200)))


def sweep() -> list[str]:
    return sorted(pipeline.sweep())


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
        notify,
        submit,
        submit_many,
        worker,
        plan,
        sweep,
        pause,
        replan,
        replay,
    )
}
