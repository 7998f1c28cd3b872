"""One event through every stop of the river, by the public door."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

import tocsin
from tocsin import to
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.inbox.models import InboxItem
from tocsin.recipients.destinations import add_destination
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def ana():
    return User.objects.create_user("ana", "Ana@Example.org")


@pytest.fixture
def ben():
    return User.objects.create_user("ben", "ben@example.org")


def test_a_group_hears_of_an_event_in_its_inbox(ana, ben) -> None:
    managers = Group.objects.create(name="manager")
    managers.user_set.add(ana, ben)
    event = tocsin.notify("message:internal", title="Coffee is ready", to=[to.group("manager")])
    deliver_now()
    items = InboxItem.objects.filter(event=event.id)
    assert {item.user for item in items} == {ana, ben}
    assert not Delivery.objects.exists()


def test_a_destination_is_sent_to_and_the_attempt_is_on_record(ana) -> None:
    add_destination(ana, "memory", {"name": "ana's desk"})
    event = tocsin.notify(
        "message:internal", title="Hello", body="**now**", to=["user:ana"], channel="memory"
    )
    deliver_now()
    delivery = Delivery.objects.get(event=event.id)
    assert (delivery.state, delivery.attempt, delivery.identity) == ("sent", 1, "ana's desk")
    assert Attempt.objects.get(delivery=delivery).outcome == "sent"
    assert [message.event.title for message in MemoryChannel.sent if message.event.id == str(event.id)] == [
        "Hello"
    ]
