"""Destinations in Django's admin: every rule holds, the outcome is the real one, and no secret is in any page."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission
from django.test import Client

from tests.servers.http_sink import HttpSink, Reply
from tocsin.recipients import destinations, managed, secrets
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

LIST = "/admin/tocsin/destination/"
CANARY = "c4n4ry-t0ken"
KEY = "whsec_" + "Q0FO" * 11
OTHER_KEY = "whsec_" + "T1RI" * 11
URL = f"https://example.org/hook/{CANARY}"


@pytest.fixture
def look(root):
    """A superuser's browser, which fails the test on any page, cookie or message with a secret in it."""
    return Watchful(root)


class Watchful:
    """Follows redirects, and keeps all that came back."""

    def __init__(self, user):
        self.client = Client()
        self.client.force_login(user)
        self.pages = []

    def get(self, path, **query):
        return self._kept(self.client.get(path, query, follow=True))

    def post(self, path, **fields):
        return self._kept(self.client.post(path, fields, follow=True))

    def act(self, action, *rows):
        return self.post(LIST, action=action, _selected_action=[row.pk for row in rows])

    def _kept(self, response):
        self.pages.append(response.text)
        assert CANARY not in response.text
        assert KEY not in response.text
        assert KEY not in str(response.cookies) + json.dumps(dict(self.client.session.items()))
        return response


def hook(owner, **more):
    return destinations.create(
        owner, "webhook", {"url": URL, "secret": KEY} | more, by_operator=True
    ).destination


def page_of(row):
    return f"{LIST}{row.pk}/change/"


def errors_at(response, field):
    return response.context["adminform"].form.errors.get(field, [])


def test_the_channel_is_chosen_first_then_its_own_fields(look):
    chosen = look.get(f"{LIST}add/").text
    assert "?channel=webhook" in chosen
    assert "?channel=message" not in chosen
    assert "?channel=webhook" in look.get(f"{LIST}add/?channel=pigeon").text
    names = set(re.findall(r'name="(setting_\w+)"', look.get(f"{LIST}add/?channel=webhook").text))
    assert {"setting_url", "setting_secret"} <= names


def test_a_channel_that_is_not_set_up_is_told_and_cannot_be_chosen(look, monkeypatch):
    from tocsin.channels.memory import MemoryChannel

    monkeypatch.setattr(MemoryChannel, "not_ready", lambda self: "Plug the memory in.")
    assert "Plug the memory in." in look.get(f"{LIST}add/").text
    assert "setting_name" not in look.get(f"{LIST}add/?channel=memory").text


def test_a_destination_is_saved_by_the_domain(look, ana):
    look.post(f"{LIST}add/?channel=webhook", user=ana.pk, label="CI", setting_url=URL, setting_secret=KEY)
    made = Destination.objects.get()
    assert (made.user, made.label, made.channel) == (ana, "CI", "webhook")
    assert made.verified_at is not None
    assert secrets.unseal(made.secrets)["url"] == URL
    assert made.settings.get("url") is None


def test_what_the_channel_makes_itself_is_shown_in_the_answer_and_never_again(look, ana):
    shown = look.post(f"{LIST}add/?channel=webhook", user=ana.pk, setting_url=URL)
    made = secrets.unseal(Destination.objects.get().secrets)["secret"]
    assert made in html.unescape(shown.text)
    assert shown.redirect_chain == []
    assert "no-store" in shown.headers["Cache-Control"]
    later = [look.get(LIST), look.get(page_of(Destination.objects.get())), look.get("/admin/")]
    assert made not in "".join(page.text for page in later)
    assert made not in json.dumps(dict(look.client.session.items())) + str(shown.cookies)


@pytest.mark.parametrize(
    ("channel", "given", "field"),
    [
        ("email", {"setting_email_address": "nobody"}, "setting_email_address"),
        ("email", {}, "setting_email_address"),
        ("webhook", {"setting_url": f"ftp://example.org/{CANARY}"}, "setting_url"),
        ("webhook", {"setting_url": URL, "setting_secret": CANARY}, "setting_secret"),
        ("webhook", {"setting_url": "?", "setting_headers": json.dumps({"Token": CANARY})}, "setting_url"),
        ("memory", {"setting_name": "x", "setting_fail": "sometimes"}, "setting_fail"),
        ("memory", {"setting_name": "x", "label": "two\nlines"}, "label"),
        ("memory", {"setting_name": "x", "user": ""}, "user"),
        ("memory", {"setting_name": "x", "organization": "1"}, "user"),
        ("memory", {"setting_name": "taken"}, "__all__"),
        ("memory", {"setting_name": "x", "label": "taken"}, "label"),
    ],
)
def test_each_complaint_stands_at_its_field(look, ana, channel, given, field):
    if given.get("organization"):
        given["organization"] = Organization.objects.get().pk
    destinations.add_destination(ana, "memory", {"name": "taken"}, label="taken")
    answer = look.post(f"{LIST}add/?channel={channel}", **{"user": ana.pk} | given)
    assert errors_at(answer, field), answer.context["adminform"].form.errors
    assert Destination.objects.count() == 1


def test_a_complaint_that_repeats_a_secret_is_shown_without_it(look, ana, monkeypatch):
    from tocsin.channels.webhook import WebhookForm

    def refuse(form):
        from django.core.exceptions import ValidationError

        raise ValidationError(f"{form.cleaned_data['url']} is not nice")

    monkeypatch.setattr(WebhookForm, "clean_url", refuse)
    answer = look.post(f"{LIST}add/?channel=webhook", user=ana.pk, setting_url=URL)
    assert "is not nice" in errors_at(answer, "setting_url")[0]


def test_an_empty_secret_keeps_the_old_one_and_says_which_are_set(look, ana):
    row = hook(ana)
    page = look.get(page_of(row)).text
    assert page.count("Set. Leave it empty to keep it.") == 2
    look.post(page_of(row), label="Renamed")
    row.refresh_from_db()
    assert row.label == "Renamed"
    assert secrets.unseal(row.secrets) == {"url": URL, "secret": KEY}
    look.post(page_of(row), label="Renamed", setting_secret=OTHER_KEY)
    row.refresh_from_db()
    assert secrets.unseal(row.secrets)["secret"] == OTHER_KEY


def test_an_optional_secret_can_be_dropped(look, ana):
    row = hook(ana, headers={"Authorization": f"Bearer {CANARY}"})
    look.post(page_of(row), label="x", drop_headers="on")
    row.refresh_from_db()
    assert set(secrets.unseal(row.secrets)) == {"url", "secret"}


def test_a_refused_change_changes_nothing_and_the_page_shows_the_old(look, ana):
    row = destinations.add_destination(ana, "email", {"email_address": "old@example.org"}, label="old")
    destinations.add_destination(ana, "email", {"email_address": "x@example.org"}, label="taken")
    answer = look.post(page_of(row), label="taken", setting_email_address="new@example.org")
    assert errors_at(answer, "label")
    assert answer.context["original"].label == "old"
    row.refresh_from_db()
    assert row.identity == "old@example.org"


def test_a_secret_does_not_follow_to_another_address_and_that_is_said(look, ana):
    row = hook(ana)
    answer = look.post(page_of(row), label="x", setting_url="https://example.net/other")
    row.refresh_from_db()
    assert secrets.unseal(row.secrets)["secret"] != KEY
    assert "the old secret was dropped" in look.get(LIST).text + answer.text


def test_secrets_that_cannot_be_read_are_asked_for_again(look, ana, settings):
    row = hook(ana)
    settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": [Fernet.generate_key().decode()]}
    assert "Set. Leave it empty" not in look.get(page_of(row)).text
    look.post(page_of(row), label="x", setting_url=URL, setting_secret=OTHER_KEY)
    row.refresh_from_db()
    assert secrets.unseal(row.secrets)["secret"] == OTHER_KEY


def test_a_managed_one_is_read_only_but_can_be_tested_and_switched_on(look, ana):
    row = managed.entries(ana.pk)[0]
    destinations.disable(row, "gone")
    page = look.get(page_of(row)).text
    assert "Follows the address of the account." in page
    assert 'name="label"' not in page
    assert look.client.post(page_of(row), {"label": "mine"}).status_code == 403
    assert look.client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    look.act("delete_selected", row)
    look.post(LIST, action="delete_selected", _selected_action=row.pk, post="yes")
    assert Destination.objects.get().label == "ana@example.org"
    look.act("enable", row)
    row.refresh_from_db()
    assert row.disabled_at is None


def test_one_whose_channel_is_gone_can_only_be_removed(look, ana):
    row = hook(ana)
    Destination.objects.update(channel="pigeon")
    page = look.get(page_of(row))
    assert "channel not installed" in page.text
    assert 'name="label"' not in page.text
    look.post(f"{LIST}{row.pk}/delete/", post="yes")
    assert not Destination.objects.exists()


def test_the_test_shows_what_the_far_side_really_said(look, ana):
    with HttpSink([Reply(), Reply(status=410)]) as sink:
        good = hook(ana, url=f"{sink.url}{CANARY}/1")
        gone = hook(ana, url=f"{sink.url}{CANARY}/2")
        said = look.act("send_test", good).text
        assert "(webhook): sent" in said
        assert 'class="success"' in said
        said = look.act("send_test", gone).text
    assert len(sink.requests) == 2
    assert "The address is gone for good." in said
    assert "It is disabled now." in said
    assert 'class="error"' in said
    assert "moment ago" in look.act("send_test", good).text


def test_too_many_tests_at_once_are_not_begun(look, ana):
    rows = [destinations.add_destination(ana, "memory", {"name": f"{n}"}) for n in range(11)]
    assert "choose at most 10" in look.act("send_test", *rows).text
    assert not Destination.objects.filter(tested_at__isnull=False).exists()


def test_switched_off_and_on_by_actions_and_written_into_the_history(look, ana):
    row = hook(ana)
    look.act("disable", row)
    row.refresh_from_db()
    assert row.disabled_reason == "Disabled by root."
    assert f"/{row.pk}/" in look.get(LIST, disabled="1").text
    assert f"/{row.pk}/" not in look.get(LIST, disabled="0").text
    look.act("enable", row)
    history = look.get(f"{LIST}{row.pk}/history/").text
    assert "Disabled" in history
    assert "Enabled" in history


def test_no_secret_is_in_what_the_admin_keeps(look, ana):
    from django.contrib.admin.models import LogEntry

    row = hook(ana)
    look.post(page_of(row), label="new", setting_secret=OTHER_KEY, setting_url=URL)
    look.act("send_test", row)
    look.get(LIST, q="example.org")
    look.get(f"{LIST}{row.pk}/history/")
    look.get(f"{LIST}{row.pk}/delete/")
    look.post(f"{LIST}{row.pk}/delete/", post="yes")
    kept = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    assert len(kept) == 3
    assert OTHER_KEY not in "".join(kept + look.pages)
    assert CANARY not in "".join(kept)


def test_djangos_own_permissions_decide(person, ana):
    row = hook(ana)
    ben = person("ben", is_staff=True)
    browser = Client()
    browser.force_login(ben)
    assert browser.get(LIST).status_code == 403
    ben.user_permissions.add(Permission.objects.get(codename="view_destination"))
    page = browser.get(page_of(row)).content.decode()
    assert "secret: set" in page
    assert row.secrets not in page
    assert CANARY not in page
    assert 'name="label"' not in page
    assert "send_test" not in browser.get(LIST).content.decode()
    assert browser.post(page_of(row), {"label": "x"}).status_code == 403
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.get(f"{LIST}add/?channel=webhook").status_code == 403


def test_the_admin_is_loaded_only_where_it_is_installed(tmp_path):
    program = (
        "import django, sys; django.setup(); "
        "print([name for name in ('tocsin.admin', 'django.contrib.admin') if name in sys.modules])"
    )
    variables = {"DJANGO_SETTINGS_MODULE": "tocsin.server.settings", "TOCSIN_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
