"""Events that concern few people share the statements of planning, and are planned as if each were alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tocsin
from tocsin import pipeline
from tocsin.deliveries import few
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients.models import Destination, Preference
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Membership, Organization, Team, TeamMember

pytestmark = pytest.mark.django_db

TYPE = "message:internal"
SLUGS = ("acme", "blue", "corp")
NEVER = {"open": [{"days": ["mon"], "from": "03:00", "to": "03:01"}]}


@pytest.fixture
def tenants(person, monkeypatch):
    """Three organizations that differ in language, people and what they refuse, each with a team and a rule."""
    monkeypatch.setattr(few, "FEW", 3)
    tocsin.event_type("test:together", label="x", channels=["memory", "message", "email"])
    everyone = Group.objects.create(name="everyone")
    for number, slug in enumerate(SLUGS):
        found = Organization.objects.create(slug=slug, name=slug, locale=("de", "fr", "fr")[number])
        team = Team.objects.create(organization=found, slug="ops", name="Ops")
        for one in range(3):
            user = person(f"{slug}{one}", is_active=one != 2)
            Membership.objects.create(organization=found, user=user)
            TeamMember.objects.create(team=team, user=user)
            everyone.user_set.add(user)
        rule = {
            "name": "r",
            "event_types": ["test:together"],
            "to": ["team:ops"],
            "channels": ["memory", "message"],
        }
        save.save(rule, Place(found.pk), "user root")
    blue = Organization.objects.get(slug="blue")
    Preference.objects.create(organization=blue, event_type=TYPE, channel="memory", wanted=False)
    return everyone


def events(tenants) -> None:
    """Everything that an event may name, in each organization."""
    own = {slug: Destination.objects.get(user__username=f"{slug}0").pk for slug in SLUGS}
    for number, slug in enumerate(SLUGS):
        there = SLUGS[number - 1]
        for name in (TYPE, "test:together"):
            for audience in (
                [f"user:{slug}0", f"user:{there}1", "user:nobody"],
                ["team:ops", "except:actor"],
                ["group:everyone"],
                [f"org:{slug}", f"destination:{own[slug]}", f"destination:{own[there]}", "destination:99999"],
                [f"user:{slug}1", f"email:x@{slug}.example", f"destination:{own[slug]}"],
                [],
            ):
                fields = {"organization": slug, "actor": f"user:{slug}1", "group_key": f"g{len(audience)}"}
                tocsin.notify(name, title=f"{slug} {name} {audience}", to=audience, **fields)
            tocsin.notify(name, title="forced", to=["team:ops"], organization=slug, channel="memory")


def planned():
    """All that planning wrote, without what differs from run to run."""
    columns = ("organization", "event__title", "channel", "user", "layer")
    told = (*columns, "destination", "identity", "label", "state", "reason", "rule_version", "priority",
            "group_key", "locale", "destination_ref")  # fmt: skip
    deliveries = sorted(map(repr, Delivery.objects.values_list(*told)))
    items = sorted(map(repr, InboxItem.objects.values_list(*columns)))
    assert not Event.objects.exclude(state="planned").exists()
    return deliveries, items


def test_it_makes_no_difference_to_what_is_planned(tenants, monkeypatch, settings) -> None:
    def done(batch: int):
        for model in (Delivery, InboxItem, Event):
            model.objects.all().delete()
        events(tenants)
        while pipeline.run("plan", batch):
            pass
        return planned()

    together = done(200)
    assert len(together[0]) > 50
    assert len(together[1]) > 50
    settings.TOCSIN = {
        **settings.TOCSIN,
        "PLAN_CHUNK": 5,
    }  # some do not fit into a transaction with the others
    assert done(200) == together
    monkeypatch.setattr(few, "FEW", -1)  # every audience is too large: each goes alone
    assert done(1) == together


@pytest.mark.django_db(
    transaction=True
)  # what a process remembers of organizations, it remembers from the commit on
def test_many_events_take_no_more_statements_than_a_few(tenants) -> None:
    def statements(number: int) -> int:
        for _ in range(number):
            for slug in SLUGS:
                tocsin.notify(TYPE, title="x", to=["team:ops", "except:actor", f"user:{slug}0"],
                              organization=slug, actor=f"user:{slug}1", channel="memory")  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            assert pipeline.run("plan", 200) == len(SLUGS) * number
        return len(seen)

    statements(1)
    assert statements(20) == statements(1)
    assert Delivery.objects.count() == (1 + 20 + 1) * 3 * 2


def test_the_rows_of_the_first_contributor_of_each_event_are_kept(tenants) -> None:
    """Else a rule with hours of its own would make somebody wait whom another one tells at once."""
    acme = Organization.objects.get(slug="acme").pk

    def rule(name: str, **given: object) -> None:
        content = {"event_types": [TYPE], "to": ["user:acme0"], "channels": ["memory"], "name": name}
        save.save(content | given, Place(acme), "user root")

    rule("late", hours=NEVER)
    rule("loud", condition={"field": "title", "op": "is", "value": "loud"})
    for title in ("quiet", "loud"):
        tocsin.notify(TYPE, title=title, to=[], organization="acme")
    assert pipeline.run("plan", 200) == 2
    pipeline.run("memory", 200)
    assert dict(Delivery.objects.values_list("event__title", "state")) == {
        "quiet": "deferred",
        "loud": "sent",
    }
