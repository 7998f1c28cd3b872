"""Explain and simulate name the window that is closed, whose it is and until when, and what was switched off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin import pipeline
from tocsin.deliveries.explain import explain
from tocsin.events.models import Event
from tocsin.recipients import preferences
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Person
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.schedule.windows import DAYS
from tocsin.tenants.organizations import organization_id
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

NIGHT = datetime(2037, 11, 20, 23, tzinfo=UTC)
QUIET = {"quiet": [{"days": list(DAYS), "from": "22:00", "to": "07:00"}]}
THEIRS = (
    "Their hours for memory (not Mon–Sun 22:00–07:00) are closed until Sat 2037-11-21 07:00 (Europe/Oslo)."
)


@pytest.fixture
def ana(django_user_model):
    made = django_user_model.objects.create_user("ana")
    add_destination(made, "memory", {"name": "ana"})
    return made


def quiet(ana) -> None:
    with frozen(NIGHT):
        pipeline.change_hours(ana.pk, {"windows": [{"hours": QUIET}], "time_zone": "Europe/Oslo"})


def say(ana, **fields) -> list[str]:
    """What explain says to ana, at night."""
    with frozen(NIGHT):
        event = tocsin.notify("drill", **{"title": "x", "to": ["user:ana"], "channel": "memory"} | fields)
        deliver_now()
        return explain(Event.objects.get(pk=event.id), ana).sentences


def simulated(**fields) -> str:
    given = {"type": "drill", "title": "x", "to": ["user:ana"], "channel": "memory"} | fields
    [one] = pipeline.simulate(given, at=NIGHT).told
    return one.sentence


def test_their_own_hours(ana) -> None:
    quiet(ana)
    assert any(line.endswith(THEIRS) for line in say(ana))
    assert simulated().endswith(THEIRS)


def test_the_hours_of_a_rule(ana) -> None:
    given = {
        "name": "r",
        "event_types": ["drill"],
        "to": ["user:ana"],
        "channels": ["memory"],
        "hours": QUIET,
    }
    rule = save.save(given, Place(organization_id("")), "x")
    said = f"The hours of “rule:{rule.pk}@1” (not Mon–Sun 22:00–07:00) are closed until Sat 2037-11-21 07:00 (UTC)."
    assert any(line.endswith(said) for line in say(ana, to=[], channel=""))
    assert simulated(to=[], channel="").endswith(said)


def test_a_rest(ana) -> None:
    Person.objects.create(user=ana, dnd_until=NIGHT + timedelta(days=2))
    said = "They are not to be disturbed until Sun 2037-11-22 23:00 (UTC)."
    assert any(line.endswith(said) for line in say(ana))
    assert simulated().endswith(said)


def test_what_was_merged_names_what_it_went_with(ana) -> None:
    quiet(ana)
    first, second = say(ana, title="one"), say(ana, title="two")
    assert first[1:] == second[1:]
    with frozen(NIGHT + timedelta(hours=9)):
        deliver_now()
    last = explain(Event.objects.get(title="two"), ana).sentences
    assert any("See d" in line for line in last)


@pytest.mark.parametrize("key", ["drill", "category:practice"])
def test_which_word_switched_it_off(ana, key, settings) -> None:
    kind = {"label": "x", "category": "practice"}
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": {"drill": kind}}
    change = preferences.Change(key, "memory", False)
    preferences.save([change], "ana", user=ana.pk)
    if key == "drill":
        assert any(f"What was switched off is “{key}” on memory." in line for line in say(ana))


def test_what_was_switched_on_again_since(ana) -> None:
    preferences.save([preferences.Change("drill", "memory", False)], "ana", user=ana.pk)
    say(ana)
    preferences.save([preferences.Change("drill", "memory", None)], "ana", user=ana.pk)
    event = Event.objects.get()
    assert any(line.endswith("They have changed that since.") for line in explain(event, ana).sentences)


def test_the_organizations_word(ana) -> None:
    organization = organization_id("")
    preferences.save([preferences.Change("drill", "memory", False)], "root", organization=organization)
    [line] = [line for line in say(ana) if "organization switched" in line]
    assert line.endswith("What was switched off is “drill” on memory.")
