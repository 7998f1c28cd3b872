"""Events of one group go to one thread of the far side, until it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin.channels.base import Abilities, Cause, Retry, Sent
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.tenants.models import Organization
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def threading_channel(person, memory, monkeypatch):
    """A channel that answers with the root of the thread, as the contract asks."""
    monkeypatch.setattr(MemoryChannel, "abilities", Abilities(updates=True, threads=True, receipts=True))
    memory.script = lambda message: Sent(message.thread or f"root-{message.delivery_id}")
    person("ana")
    person("ben")


def say(status: str = "open", group: str = "db1", to: str = "user:ana", **fields):
    tocsin.notify(
        "message:internal", title="x", to=[to], channel="memory", group_key=group, status=status, **fields
    )
    deliver_now()
    message = MemoryChannel.sent[-1]
    return message.thread, message.action


def test_a_group_has_one_thread_until_it_is_resolved() -> None:
    assert say() == ("", "open")
    thread, action = say()
    assert (thread[:5], action) == ("root-", "update")
    assert say() == (thread, "update")
    assert say("acknowledged") == (thread, "acknowledge")
    assert say() == (thread, "update")
    assert say("resolved") == (thread, "resolve")
    assert say() == ("", "open")
    assert say()[0] not in ("", thread)


def test_groups_people_and_organizations_have_threads_of_their_own() -> None:
    say()
    assert say(group="db2") == ("", "open")
    assert say(to="user:ben") == ("", "open")
    Organization.objects.create(slug="acme")
    from django.contrib.auth import get_user_model

    from tocsin.tenants.models import Membership

    Membership.objects.create(
        organization=Organization.objects.get(slug="acme"), user=get_user_model().objects.get(username="ana")
    )
    assert say(organization="acme") == ("", "open")
    assert say()[1] == "update"


def test_what_comes_after_waits_until_the_first_has_gone(memory, person) -> None:
    """Otherwise an incident would be closed before it was opened, and stay open for good."""
    outcomes = {
        "db1": [Retry(Cause.TIMEOUT, after=20), Sent("root-1"), Sent("root-1")],
        "db2": [Sent("root-2")],
    }
    memory.script = lambda message: outcomes[message.event.group_key].pop(0)
    send = {"title": "x", "to": ["user:ana"], "channel": "memory", "group_key": "db1"}
    first = tocsin.notify("message:internal", **send)
    deliver_now()
    after = tocsin.notify("message:internal", **send, status="resolved")
    other = tocsin.notify("message:internal", **(send | {"group_key": "db2"}))
    deliver_now()
    rows = {row.event_id: row for row in Delivery.objects.all()}
    assert (rows[first.id].state, rows[other.id].state) == ("retrying", "sent")
    waits = rows[after.id]
    assert (waits.state, waits.reason, waits.attempt) == ("pending", "group_first", 0)
    assert abs(waits.due_at - rows[first.id].due_at) < timedelta(seconds=2)
    with frozen(datetime.now(UTC) + timedelta(minutes=2)):
        deliver_now()
    with frozen(datetime.now(UTC) + timedelta(minutes=4)):
        deliver_now()
    said = [(message.event.status, message.thread) for message in MemoryChannel.sent]
    assert said[-2:] == [("open", ""), ("resolved", "root-1")]


def test_two_of_one_claim_go_one_after_the_other() -> None:
    for _ in range(3):
        tocsin.notify("message:internal", title="x", to=["user:ana"], channel="memory", group_key="db1")
    deliver_now()
    assert len(MemoryChannel.sent) == 1
    waits = list(
        Delivery.objects.filter(reason="group_first").order_by("pk").values_list("due_at", flat=True)
    )
    assert waits[1] - waits[0] > timedelta(seconds=0.9)  # a crowd does not come up again all at once
    for minutes in (1, 2):
        with frozen(datetime.now(UTC) + timedelta(minutes=minutes)):
            deliver_now()
    threads = [message.thread for message in MemoryChannel.sent]
    assert threads[0] == ""
    assert threads[1:] == [f"root-{MemoryChannel.sent[0].delivery_id}"] * 2


def test_without_a_group_there_is_no_thread() -> None:
    assert say(group="") == ("", "open")
    assert say(group="") == ("", "open")


def test_a_channel_that_cannot_thread_is_told_of_none(monkeypatch) -> None:
    say()
    monkeypatch.setattr(MemoryChannel, "abilities", Abilities())
    assert say() == ("", "open")
    assert say("resolved") == ("", "resolve")


def test_resolving_what_never_began_opens_nothing() -> None:
    assert say("resolved") == ("", "resolve")
    assert say() == ("", "open")
