"""Preferences: which layer decides, the same in Python and in SQL, and that nobody is told against it."""

from __future__ import annotations

from itertools import product

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.errors import InvalidInput
from tocsin.recipients import preferences
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Preference
from tocsin.recipients.preferences import Change
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Organization
from tocsin.testing import deliver_now

TYPE, CATEGORY = "test:invoice", "category:test-billing"
SAID = (None, True, False)


@pytest.fixture(autouse=True, scope="module")
def kinds():
    tocsin.event_type(TYPE, label="Invoice", channels=["memory"], category="test-billing")
    tocsin.event_type("test:duty", label="Duty", channels=["memory"], category="test-billing", mandatory=True)


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


def wishes(exact, wider) -> dict[str, bool]:
    return {key: said for key, said in ((TYPE, exact), (CATEGORY, wider)) if said is not None}


@pytest.mark.parametrize(("own", "theirs"), list(product(product(SAID, repeat=2), repeat=2)))
def test_the_first_layer_that_says_something_decides(own, theirs) -> None:
    said = [one for one in (*own, *theirs) if one is not None]
    found = preferences.decide(wishes(*own), wishes(*theirs), TYPE)
    assert found.wanted is (said[0] if said else True)
    layers = ["own", "own", "organization", "organization"]
    first = next((index for index, one in enumerate((*own, *theirs)) if one is not None), None)
    assert found.layer == ("default" if first is None else layers[first])


def test_nobody_switches_off_what_is_mandatory() -> None:
    assert preferences.decide({"test:duty": False}, {CATEGORY: False}, "test:duty") == (True, "mandatory", "")


pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return Organization.objects.create(slug="acme")


def keep(said, **owner) -> None:
    exact, wider = said
    changes = [
        Change(key, "memory", wanted)
        for key, wanted in ((TYPE, exact), (CATEGORY, wider))
        if wanted is not None
    ]
    preferences.save(changes, "test", **owner)


@pytest.fixture
def crowd(acme, django_user_model):
    """One person for each thing that may be said."""
    made = {}
    for number, own in enumerate(product(SAID, repeat=2)):
        user = django_user_model.objects.create_user(f"p{number}")
        Membership.objects.create(organization=acme, user=user)
        add_destination(user, "memory", {"name": user.username})
        keep(own, user=user.pk)
        made[own] = user
    return made


@pytest.mark.parametrize("theirs", list(product(SAID, repeat=2)))
def test_planning_agrees_with_the_decision(acme, crowd, theirs) -> None:
    keep(theirs, organization=acme.pk)
    event = tocsin.notify(TYPE, title="x", to=["everyone:members"], organization="acme")
    deliver_now()
    rows = {row.user_id: (row.state, row.reason) for row in Delivery.objects.filter(event=event.id)}
    for own, user in crowd.items():
        wish = preferences.decide(wishes(*own), wishes(*theirs), TYPE)
        reason = {"own": "opted_out", "organization": "organization_off"}.get(wish.layer)
        assert rows[user.pk] == (("sent", "") if wish.wanted else ("skipped", reason)), own


@pytest.mark.parametrize("theirs", list(product(SAID, repeat=2)))
def test_what_is_said_between_planning_and_sending_is_heard(acme, crowd, theirs) -> None:
    tocsin.notify(TYPE, title="x", to=["everyone:members"], organization="acme")
    Preference.objects.all().delete()
    pipeline.run("plan", 10)
    keep(theirs, organization=acme.pk)
    for own, user in crowd.items():
        keep(own, user=user.pk)
    deliver_now()
    rows = {row.user_id: (row.state, row.reason) for row in Delivery.objects.all()}
    for own, user in crowd.items():
        wish = preferences.decide(wishes(*own), wishes(*theirs), TYPE)
        reason = {"own": "opted_out", "organization": "organization_off"}.get(wish.layer)
        assert rows[user.pk] == (("sent", "") if wish.wanted else ("skipped", reason)), own


def test_another_organizations_word_does_not_count(acme, crowd) -> None:
    rival = Organization.objects.create(slug="rival")
    keep((False, False), organization=rival.pk)
    event = tocsin.notify(TYPE, title="x", to=["user:p0"], organization="acme")
    deliver_now()
    assert Delivery.objects.get(event=event.id).state == "sent"


def test_a_mandatory_type_passes_both_layers(acme, crowd) -> None:
    keep((None, False), organization=acme.pk)
    event = tocsin.notify("test:duty", title="x", to=["everyone:members"], organization="acme")
    deliver_now()
    assert set(Delivery.objects.filter(event=event.id).values_list("state", flat=True)) == {"sent"}


def test_null_forgets_and_what_an_organization_says_is_on_record(acme) -> None:
    keep((False, None), organization=acme.pk)
    preferences.save([Change(TYPE, "memory", None)], "test", organization=acme.pk)
    assert not Preference.objects.exists()
    assert [entry.subject for entry in AuditEntry.objects.all()] == [f"{TYPE} by memory"] * 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("x", "changes"),
        ([{}], "changes.0"),
        ([{"subject": "nothing", "channel": "memory", "wanted": True}], "changes.0.subject"),
        ([{"subject": "category:nothing", "channel": "memory", "wanted": True}], "changes.0.subject"),
        ([{"subject": [], "channel": "memory", "wanted": True}], "changes.0.subject"),
        ([{"subject": TYPE, "channel": "fax", "wanted": True}], "changes.0.channel"),
        ([{"subject": TYPE, "channel": "memory", "wanted": "no"}], "changes.0.wanted"),
        ([{"subject": "test:duty", "channel": "memory", "wanted": False}], "changes.0.wanted"),
    ],
)
def test_wishes_that_cannot_be_are_refused(given, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        preferences.parse_changes(given)
    assert [error.field for error in refused.value.errors] == [field]
