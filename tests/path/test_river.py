"""One event through every stop of the river, by the public door."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.http_sink import HttpSink
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin import to
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries import story
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.events.models import Event
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


@pytest.fixture
def mailbox(settings):
    """A real SMTP server that Django's mail settings point to."""
    with SmtpCatcher() as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        yield server


def test_one_event_reaches_mailbox_webhook_and_inbox_and_is_explained(ana, ben, mailbox) -> None:
    tocsin.event_type("test:river", label="River", channels=["email", "webhook", "message"])
    Group.objects.create(name="manager").user_set.add(ana, ben)
    with HttpSink() as sink:
        add_destination(ana, "webhook", {"url": sink.url})
        event = tocsin.notify(
            "test:river",
            title="Invoice 42 is paid",
            body="**1 200 €**, see the [invoice](/invoices/42)",
            data={"amount": 1200},
            to=[to.group("manager"), to.address("email", "x@example.com")],
            level="error",
            url="/invoices/42",
        )
        deliver_now()
        [posted] = sink.requests
    assert json.loads(posted.body)["data"]["data"] == {"amount": 1200}
    assert posted.headers["webhook-id"].startswith(str(event.id))
    received = {message.recipients[0]: message.parsed for message in mailbox.messages}
    assert set(received) == {"ana@example.org", "ben@example.org", "x@example.com"}
    mail = received["ana@example.org"]
    assert "Invoice 42 is paid" in mail["Subject"]
    assert "1 200 €" in mail.get_body(("plain",)).get_content()
    assert "<strong>1 200 €</strong>" in mail.get_body(("html",)).get_content()
    assert {item.user for item in InboxItem.objects.filter(event=event.id)} == {ana, ben}
    stored = Event.objects.get(pk=event.id)
    assert stored.state == "planned"
    assert story.counts(stored) == {
        ("email", "sent", ""): 3,
        ("webhook", "sent", ""): 1,
        ("webhook", "skipped", "no_destination"): 1,
        ("message", "sent", ""): 2,
    }
    assert (
        "webhook: Was not to be sent. They have no address on this channel." in explain(stored, ben).sentences
    )
