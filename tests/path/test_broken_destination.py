"""An address that is gone: it is switched off, and its owner hears of it another way."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.http_sink import HttpSink, Reply
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Membership, Organization, Role
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

User = get_user_model()
NOTICE = "destination:disabled"


@pytest.fixture
def ana():
    return User.objects.create_user("ana", "ana@example.org")


@pytest.fixture
def gone(settings):
    """A webhook receiver that says it is gone for good."""
    settings.TOCSIN = settings.TOCSIN | {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}
    with HttpSink([Reply(410)]) as sink:
        yield sink


@pytest.fixture
def relay(settings):
    with SmtpCatcher() as catcher:
        use_backend(settings, SMTP, host=catcher.host, port=catcher.port)
        yield catcher


def test_its_owner_is_told_once_by_bell_and_mail(ana, gone, relay) -> None:
    hook = add_destination(ana, "webhook", {"url": gone.url + "t0ken-7"}, label="my hook")
    for title in "first", "second":
        tocsin.notify("message:internal", title=title, to=["user:ana"], channel="webhook")
        deliver_now()
    assert len(gone.requests) == 1
    assert [one.reason for one in Delivery.objects.filter(channel="webhook").order_by("pk")] == [
        "rejected",
        "destination_disabled",
    ]
    notice = Event.objects.get(type=NOTICE)
    assert InboxItem.objects.get(event=notice).user == ana
    [mail] = relay.accepted
    assert "my hook" in mail.parsed["subject"]
    assert notice.data == {
        "destination": str(hook.pk),
        "label": "my hook",
        "channel": "webhook",
        "reason": "The address is gone for good.",
    }
    assert "t0ken" not in f"{notice.title} {notice.body} {notice.data}"


def test_of_an_organization_its_admins_are_told(gone, ana, relay) -> None:
    acme = Organization.objects.create(slug="acme")
    for name, role in (("owner", Role.OWNER), ("admin", Role.ADMIN), ("member", Role.MEMBER)):
        Membership.objects.create(organization=acme, user=User.objects.create_user(name), role=role)
    hook = add_destination(acme, "webhook", {"url": gone.url})
    tocsin.notify("message:internal", title="x", to=[f"destination:{hook.pk}"], organization="acme")
    deliver_now()
    notice = Event.objects.get(type=NOTICE)
    assert notice.organization == acme
    told = InboxItem.objects.filter(event=notice).values_list("user__username", flat=True)
    assert set(told) == {"owner", "admin"}


def test_of_the_implicit_organization_the_superusers_are_told(gone, ana, relay) -> None:
    User.objects.create_superuser("root")
    hook = add_destination(Organization.objects.get(), "webhook", {"url": gone.url})
    tocsin.notify("message:internal", title="x", to=[f"destination:{hook.pk}"])
    deliver_now()
    assert [item.user.username for item in InboxItem.objects.filter(event__type=NOTICE)] == ["root"]


def test_where_nobody_answers_for_it_the_log_says_so(gone, ana, caplog) -> None:
    hook = add_destination(Organization.objects.get(), "webhook", {"url": gone.url})
    tocsin.notify("message:internal", title="x", to=[f"destination:{hook.pk}"])
    deliver_now()
    assert Destination.objects.get().disabled_at is not None
    assert not Event.objects.filter(type=NOTICE).exists()
    assert f"destination {hook.pk} is disabled, and nobody answers for it" in caplog.text


def test_a_notice_about_a_dead_mailbox_does_not_go_to_that_mailbox(ana, relay) -> None:
    relay.rcpt = lambda address: "550 5.1.1 no such user"
    tocsin.notify("message:internal", title="x", to=["user:ana"], channel="email")
    deliver_now()
    [notice] = Event.objects.filter(type=NOTICE)
    assert InboxItem.objects.get(event=notice).user == ana
    assert Delivery.objects.get(event=notice).reason == "destination_disabled"
