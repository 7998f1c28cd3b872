"""What waits: deliveries released at one opening, and the price of those that are not due yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import Group, User
from django.db import connection

import tocsin as library
from bench.inside import people
from tocsin import clock, pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.events.models import Event
from tocsin.recipients.models import Person
from tocsin.schedule.windows import DAYS

FEW = "few"
SWEEPS = 200
LATER = timedelta(days=1)


def prepare(count: int, few: int) -> None:
    """People with a `memory` destination and quiet hours each; the hours differ, and none of them is now."""
    people.fill(count)
    pks = people.give_memory()
    hour = datetime.now(UTC).hour
    windows = [_quiet((hour + 2 + number) % 24, (hour + 10 + number) % 24) for number in range(12)]
    Person.objects.bulk_create(
        [Person(user_id=pk, time_zone="UTC", windows=windows[pk % len(windows)]) for pk in pks], people.BATCH
    )
    group = Group.objects.create(name=FEW)
    membership = User.groups.through
    membership.objects.bulk_create(
        [membership(user_id=pk, group_id=group.pk) for pk in pks[:few]], people.BATCH
    )
    people.settle()


def _quiet(start: int, end: int) -> list[dict[str, object]]:
    span = {"days": list(DAYS), "from": f"{start:02}:00", "to": f"{end:02}:00"}
    return [{"hours": {"quiet": [span]}, "channels": []}]


def never_put_off(count: int) -> float:
    """Deliveries per second of people who have hours, at a time that is good for all of them."""
    _plan(1, "everyone")
    return count / people.deliver("memory", count)


def released(count: int, each: int) -> float:
    """The same of deliveries that were all put off until now; with `each` for one person, told as one message."""
    _plan(each, "everyone" if each == 1 else FEW)
    people.run_sql("UPDATE tocsin_delivery SET state = 'deferred', reason = 'window_closed'")
    if connection.vendor == "postgresql":
        people.run_sql("CHECKPOINT")

    def work() -> None:
        while pipeline.run("memory", 500):
            pass

    spent = people.seconds(work)
    sent = Delivery.objects.filter(state="sent").count()
    assert sent == count, f"{sent} of {count} are sent"
    assert len(MemoryChannel.sent) == count // each, f"{len(MemoryChannel.sent)} messages went out"
    return count / spent


def _plan(events: int, group: str) -> None:
    people.clear()
    MemoryChannel.clear()
    for _ in range(events):
        people.announce("memory", f"group:{group}")
        people.plan()


def keep_waiting(number: int) -> None:
    """So many deliveries and so many events that are due in a day, and nothing else."""
    people.clear()
    now = clock.now()
    to = f"user:{User.objects.earliest('pk').pk}"
    library.notify("drill", title="x", to=[to], channel="memory")
    people.plan()
    Delivery.objects.update(state="deferred", reason="window_closed", due_at=now + LATER)
    library.notify("drill", title="x", to=[to], channel="memory", due_at=now + LATER)
    people.multiply(Delivery, number, {"identity": "'x' || n.n"}, {"id"}, "state = 'deferred'")
    people.multiply(Event, number, {"id": people.new_uuid()}, set(), "state = 'waiting'")
    people.settle()


def sweeps() -> float:
    """Looks for what is due, per second, while nothing is."""

    def work() -> None:
        for _ in range(SWEEPS):
            assert not pipeline.sweep()

    return SWEEPS / people.seconds(work)


def due_beside(count: int) -> float:
    """Claim, send and record of `count` due deliveries beside those that wait; per second."""
    MemoryChannel.clear()
    Attempt.objects.all().delete()
    people.announce("memory", f"group:{FEW}")
    people.plan()
    before = Delivery.objects.filter(state="sent").count()

    def work() -> None:
        while pipeline.run("memory", 500):
            pass

    spent = people.seconds(work)
    sent = Delivery.objects.filter(state="sent").count() - before
    assert sent == count, f"{sent} of {count} are sent"
    return count / spent
