"""Hours and preferences in Django's admin are kept by the domain, with its complaints at their fields."""

from __future__ import annotations

import html
import json
from datetime import timedelta

import pytest
from django.utils import timezone

import tocsin
from tocsin.events import declared
from tocsin.recipients.models import Person, Preference
from tocsin.tenants.audit import AuditEntry

pytestmark = pytest.mark.django_db

PEOPLE, WISHES = "/admin/tocsin/person/", "/admin/tocsin/preference/"
NIGHT = [{"hours": {"quiet": [{"days": ["mon"], "from": "22:00", "to": "07:00"}]}, "channels": []}]


def errors(answer):
    return answer.context["adminform"].form.errors


def hours(**given):
    return {"time_zone": "", "locale": "", "dnd_until_0": "", "dnd_until_1": "", "windows": "null"} | given


def test_hours_are_kept(desk, ana):
    given = hours(user=ana.pk, time_zone="Europe/Oslo", windows=json.dumps(NIGHT))
    assert desk.post(f"{PEOPLE}add/", given).status_code == 302
    kept = Person.objects.get()
    assert (kept.user, kept.time_zone) == (ana, "Europe/Oslo")
    assert kept.windows[0]["hours"]["quiet"][0]["from"] == "22:00"
    assert "already exists" in str(errors(desk.post(f"{PEOPLE}add/", given)))
    desk.post(f"{PEOPLE}{ana.pk}/change/", hours(time_zone="UTC"))
    kept.refresh_from_db()
    assert (kept.time_zone, kept.windows) == ("UTC", None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"dnd_until_0": "2001-01-01", "dnd_until_1": "00:00"}, "dnd_until"),
        ({"windows": "nonsense"}, "windows"),
        (
            {"windows": '[{"hours": {"quiet": [{"days": ["someday"], "from": "22:00", "to": "x"}]}}]'},
            "windows",
        ),
        ({"locale": "tlh"}, "locale"),
        ({"user": ""}, "user"),
    ],
)
def test_what_is_wrong_with_hours_is_told_at_its_field(desk, ana, given, field):
    answer = desk.post(f"{PEOPLE}add/", hours(user=ana.pk) | given)
    assert list(errors(answer)) == [field]
    assert not Person.objects.exists()


def test_a_rest_that_is_over_does_not_stand_in_the_way(desk, ana):
    over = timezone.now() - timedelta(days=1)
    Person.objects.create(user=ana, dnd_until=over)
    given = hours(dnd_until_0=f"{over:%Y-%m-%d}", dnd_until_1=f"{over:%H:%M:%S}", time_zone="Europe/Oslo")
    desk.post(f"{PEOPLE}{ana.pk}/change/", given)
    assert Person.objects.get().time_zone == "Europe/Oslo"


def test_a_wish_is_kept_changed_and_forgotten(desk, ana):
    given = {"user": ana.pk, "event_type": "message:system", "channel": "email"}
    desk.post(f"{WISHES}add/", given)
    wish = Preference.objects.get()
    assert (wish.user, wish.wanted) == (ana, False)
    desk.post(f"{WISHES}{wish.pk}/change/", {"wanted": "on"})
    wish.refresh_from_db()
    assert wish.wanted
    assert "already exists" in str(errors(desk.post(f"{WISHES}add/", given)))
    desk.post(f"{WISHES}{wish.pk}/delete/", {"post": "yes"})
    assert not Preference.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_wish_may_be_about_a_type_that_an_organization_declared(desk, ana, acme):
    declared.save(
        acme.pk, {"key": "acme:alarm", "label": "Alarm", "channels": ["email"]}, "x", channels=["email"]
    )
    for owner in ({"user": ana.pk}, {"organization": acme.pk}):
        desk.post(f"{WISHES}add/", {"event_type": "acme:alarm", "channel": "email"} | owner)
    assert Preference.objects.count() == 2


def test_a_wish_of_an_organization_is_on_record(desk, root, acme):
    desk.post(f"{WISHES}add/", {"organization": acme.pk, "event_type": "message:system", "channel": "email"})
    wish = Preference.objects.get()
    desk.post(f"{WISHES}{wish.pk}/delete/", {"post": "yes"})
    found = [(one.action, one.by, one.after) for one in AuditEntry.objects.order_by("pk")]
    assert found == [
        ("preference", f"user {root.pk}", {"wanted": False}),
        ("preference", f"user {root.pk}", {}),
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"event_type": "no:such"}, "event_type"),
        ({"channel": "pigeon"}, "channel"),
        ({"user": ""}, "user"),
        ({"organization": "1"}, "user"),
        ({"event_type": "house:alarm"}, "wanted"),
    ],
)
def test_what_is_wrong_with_a_wish_is_told_at_its_field(desk, ana, acme, given, field):
    tocsin.event_type("house:alarm", label="Alarm", mandatory=True)
    given = {name: str(acme.pk) if name == "organization" else value for name, value in given.items()}
    answer = desk.post(
        f"{WISHES}add/", {"user": ana.pk, "event_type": "message:system", "channel": "email"} | given
    )
    assert list(errors(answer)) == [field]
    assert not Preference.objects.exists()


def test_a_wish_of_a_type_that_is_gone_can_be_deleted(desk, ana):
    wish = Preference.objects.create(user=ana, event_type="no:such", channel="email", wanted=False)
    refused = desk.post(f"{WISHES}{wish.pk}/change/", {"wanted": "on"})
    assert "'no:such' is not known" in html.unescape(refused.text)
    desk.post(f"{WISHES}{wish.pk}/delete/", {"post": "yes"})
    assert not Preference.objects.exists()
