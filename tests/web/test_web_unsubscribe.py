"""One click ends a kind of message; a look ends nothing, and nobody's link is anybody else's."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

import tocsin
from tests.channels.email.mails import use_backend
from tocsin import pipeline
from tocsin.recipients.models import Preference
from tocsin.recipients.unsubscribe import link
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

SITE = "https://tocsin.example.org"


@pytest.fixture(autouse=True)
def site(settings):
    settings.TOCSIN = {**settings.TOCSIN, "BASE_URL": SITE}
    use_backend(settings, "django.core.mail.backends.locmem.EmailBackend")
    mail.outbox = []


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", "ana@example.org")


def say(type_="message:system", to="user:ana"):
    tocsin.notify(type_, title="x", to=[to], channel="email")
    deliver_now()
    return mail.outbox[-1].extra_headers if mail.outbox else {}


def path_of(headers) -> str:
    return re.fullmatch(rf"<{SITE}(/\S+)>", headers["List-Unsubscribe"])[1]


def test_one_post_ends_it_and_a_look_does_not(ana) -> None:
    headers = say()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path, client = path_of(headers), Client(enforce_csrf_checks=True)
    page = client.get(path).content.decode()
    assert "Switch this off?" in page
    assert "Message from the system" in page
    assert client.head(path).status_code == 200
    assert not Preference.objects.exists()
    for _ in range(2):
        done = client.post(path, {"List-Unsubscribe": "One-Click"})
        assert (done.status_code, "That is switched off" in done.content.decode()) == (200, True)
    [wish] = Preference.objects.all()
    assert (wish.user_id, wish.event_type, wish.channel, wish.wanted) == (
        ana.pk,
        "message:system",
        "email",
        False,
    )
    before = len(mail.outbox)
    say()
    assert len(mail.outbox) == before


def test_what_is_mandatory_and_what_is_nobodys_has_no_link(ana, settings) -> None:
    assert "List-Unsubscribe" not in say("destination:disabled")
    assert "List-Unsubscribe" not in say(to="email:x@example.com")
    settings.TOCSIN = {**settings.TOCSIN, "BASE_URL": ""}
    assert "List-Unsubscribe" not in say()


def test_one_link_for_all_that_a_message_speaks_of(ana) -> None:
    pipeline.change_hours(ana.pk, {"dnd_until": "2100-01-01T00:00:00Z"})
    for type_ in ("message:system", "message:internal"):
        say(type_)
    pipeline.change_hours(ana.pk, {"dnd_until": None})
    deliver_now()
    [sent] = mail.outbox
    Client().post(path_of(sent.extra_headers))
    assert set(Preference.objects.values_list("event_type", flat=True)) == {
        "message:system",
        "message:internal",
    }


def test_links_that_are_not_ours_are_missing(ana) -> None:
    good = link(ana.pk, "email", ["drill"]).removeprefix(SITE)
    for path in (good[:-3] + "xx/", "/tocsin/unsubscribe/x/", "/tocsin/unsubscribe/WyIxIl0:abc/"):
        assert Client().post(path).status_code == 404
    ana.delete()
    assert Client().post(good).status_code == 404
    assert not Preference.objects.exists()


def test_other_methods_are_refused(ana) -> None:
    assert Client().delete(link(ana.pk, "email", ["drill"]).removeprefix(SITE)).status_code == 405
