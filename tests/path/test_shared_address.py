"""Two people at one address: one delivery stands for both, and if the first falls out the second receives."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail

import tocsin
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Preference
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

User = get_user_model()
TYPE = "message:internal"
ADDRESS = "Office@Example.org"
SHARING = ("ana", "ben", "cid")


def opt_out(user, channel) -> None:
    Preference.objects.create(user=user, event_type=TYPE, channel=channel, wanted=False)


def deactivate(user, channel) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete(user, channel) -> None:
    user.delete()


def forget_and_delete(user, channel) -> None:
    tocsin.forget(user.pk)
    user.delete()


def delete_and_forget(user, channel) -> None:
    pk = user.pk
    user.delete()
    tocsin.forget(pk)


@pytest.fixture(autouse=True)
def _clean():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


@pytest.fixture
def people():
    """Ana, Ben and Cid, who share an e-mail address and a desk; Dot has her own."""
    made = [User.objects.create_user(name, ADDRESS) for name in SHARING]
    made.append(User.objects.create_user("dot", "dot@example.org"))
    for person in made:
        add_destination(person, "memory", {"name": person.username if person.username == "dot" else "office"})
    return made


def receivers(channel: str) -> list[str]:
    """The people, by name, for whom something went out."""
    if channel == "memory":
        return [message.recipient.name for message in MemoryChannel.sent]
    names = dict(User.objects.values_list("pk", "username"))
    sent = Delivery.objects.filter(channel=channel, state="sent").order_by("pk")
    assert len(mail.outbox) == len(sent)
    return [names[pk] for pk in sent.values_list("user", flat=True)]


def planned(channel: str) -> list[Any]:
    """An event to everybody, planned and not sent yet; those who share, the one that stands for them first."""
    tocsin.notify(TYPE, title="Hello", to=[f"user:name={n}" for n in (*SHARING, "dot")], channel=channel)
    pipeline.run("plan", 200)
    standing = Delivery.objects.get(state="pending", user__username__in=SHARING).user
    return sorted(User.objects.filter(username__in=SHARING), key=lambda user: user != standing)


@pytest.mark.parametrize("channel", ["memory", "email"])
def test_one_delivery_stands_for_all_who_share_an_address(people, channel) -> None:
    first, _, _ = planned(channel)
    deliver_now()
    assert sorted(receivers(channel)) == sorted([first.username, "dot"])


@pytest.mark.parametrize("fall_out", [opt_out, deactivate, delete, forget_and_delete, delete_and_forget])
@pytest.mark.parametrize("channel", ["memory", "email"])
def test_the_second_receives_when_the_first_falls_out(people, channel, fall_out) -> None:
    first, *others = planned(channel)
    fall_out(first, channel)
    deliver_now()
    shared = [name for name in receivers(channel) if name != "dot"]
    assert len(shared) == 1
    assert shared[0] in {user.username for user in others}
    assert deliver_now() == 0
    assert Delivery.objects.filter(state="skipped").count() == 1


@pytest.mark.parametrize("fall_out", [opt_out, deactivate, delete, forget_and_delete])
@pytest.mark.parametrize("channel", ["memory", "email"])
def test_the_third_receives_when_the_other_two_fall_out(people, channel, fall_out) -> None:
    first, second, third = planned(channel)
    fall_out(first, channel)
    fall_out(second, channel)
    deliver_now()
    assert sorted(receivers(channel)) == sorted([third.username, "dot"])


@pytest.mark.parametrize("fall_out", [opt_out, deactivate, delete])
def test_a_successor_that_falls_out_too_is_followed(people, fall_out) -> None:
    first, *others = planned("email")
    fall_out(first, "email")
    pipeline.run("email", 500)
    successor = Delivery.objects.get(state="pending").user
    (last,) = [user.username for user in others if user != successor]
    fall_out(successor, "email")
    deliver_now()
    assert sorted(receivers("email")) == sorted([last, "dot"])


@pytest.mark.parametrize("channel", ["memory", "email"])
def test_nobody_receives_when_all_at_the_address_fell_out(people, channel) -> None:
    for person in planned(channel):
        opt_out(person, channel)
    deliver_now()
    assert receivers(channel) == ["dot"]


def test_a_cancelled_event_has_no_successor(people) -> None:
    event = tocsin.notify(TYPE, title="Hello", to=["user:ana", "user:ben"], channel="memory")
    pipeline.run("plan", 200)
    tocsin.cancel(event_id=event.id)
    for person in people:
        opt_out(person, "memory")
    deliver_now()
    assert not MemoryChannel.sent
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}
