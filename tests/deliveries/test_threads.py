"""Events of one group go to one thread of the far side, until it is over."""

from __future__ import annotations

import pytest

import tocsin
from tocsin.channels.base import Abilities, Sent
from tocsin.channels.memory import MemoryChannel
from tocsin.tenants.models import Organization
from tocsin.testing import deliver_now

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
