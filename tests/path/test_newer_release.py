"""Two releases side by side: what a newer one wrote is shown as it is, and stops nobody of the release before."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

import tocsin
from tocsin import engines, pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.explain import explain
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.events.models import Event
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.models import RuleVersion
from tocsin.rules.spec import Place
from tocsin.schedule.models import Series
from tocsin.tenants.organizations import organization_id
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

SAID = {
    "in orbit": (Event, {"state": "in orbit", "reason": "no gravity"}),
    "docked": (Delivery, {"state": "docked", "reason": "full moon"}),
    "half": (Attempt, {"outcome": "half", "cause": "meteors"}),
}
"""Words that no release knows, by the table that holds them."""


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


@pytest.fixture
def ana(django_user_model):
    made = django_user_model.objects.create_superuser("ana", "ana@example.org")
    add_destination(made, "memory", {"name": "ana"})
    return made


@pytest.fixture
def browser(ana):
    made = Client()
    made.force_login(ana)
    return made


def send(**fields) -> Event:
    given = {"title": "Up there", "to": ["user:ana"], "channel": "memory"} | fields
    return Event.objects.get(pk=tocsin.notify("message:system", **given).id)


@pytest.fixture
def strange(ana) -> Event:
    """An event, its delivery and its attempt, told in words of a newer release."""
    send()
    deliver_now()
    for table, words in SAID.values():
        assert table.objects.update(**words) == 1
    return Event.objects.get()


def test_explain_shows_it(strange, ana) -> None:
    one = "\n".join(explain(strange, ana).sentences)
    everybody = "\n".join(explain(strange).sentences)
    for words in ("in orbit no gravity", "docked full moon", "half. meteors"):
        assert words in one
    assert "memory: 1 docked. full moon" in everybody


@pytest.mark.parametrize(
    "path", ["events/{event}", "events/{event}/explain", "deliveries", "deliveries/{line}"]
)
def test_the_api_shows_it(strange, browser, path) -> None:
    line = f"d{Delivery.objects.get().pk}"
    answer = browser.get(f"/tocsin/api/v1/{path.format(event=strange.pk, line=line)}")
    assert answer.status_code == 200
    assert ("in orbit" if path.startswith("events") else "docked") in answer.content.decode()


@pytest.mark.parametrize(
    ("page", "of", "words"),
    [
        ("tocsin:event", Event, ["in orbit", "no gravity", "docked", "full moon", "half", "meteors"]),
        ("tocsin:events", None, ["in orbit", "docked"]),
        ("tocsin:overview", None, []),
        ("tocsin:deliveries", None, []),
        ("admin:tocsin_event_changelist", None, []),
        ("admin:tocsin_delivery_changelist", None, ["docked"]),
        ("admin:tocsin_event_change", Event, []),
        ("admin:tocsin_delivery_change", Delivery, []),
    ],
)
def test_the_pages_show_it_or_a_dash(strange, browser, page, of, words) -> None:
    answer = browser.get(reverse(page, args=[of.objects.get().pk] if of else []))
    assert answer.status_code == 200
    assert [word for word in words if word not in answer.content.decode()] == []


def test_the_page_of_what_waits_shows_it(ana, browser) -> None:
    event = send()
    deliver_now()
    Delivery.objects.filter(event=event.pk).update(state="deferred", reason="full moon")
    assert "full moon" in browser.get(reverse("tocsin:pending")).content.decode()


def test_a_series_in_an_unknown_state_is_listed(ana, browser) -> None:
    tocsin.repeat("drill", title="x", to=["user:ana"], rrule="FREQ=DAILY")
    Series.objects.update(state="in orbit")
    assert "in orbit" in browser.get("/tocsin/api/v1/series").content.decode()


def test_a_delivery_that_waits_for_an_unknown_reason_is_sent(ana) -> None:
    send(status="open")
    pipeline.run(engines.PLAN, 10)
    Delivery.objects.update(reason="full moon")
    Event.objects.update(status="spinning")
    deliver_now()
    assert Delivery.objects.get().state == "sent"
    assert [message.action for message in MemoryChannel.sent] == ["open"]


def test_a_delivery_in_an_unknown_state_is_left_alone(strange) -> None:
    Delivery.objects.update(due_at=strange.created_at)
    assert "memory" not in pipeline.sweep()
    assert pipeline.run("memory", 10) == 0
    assert Delivery.objects.get().state == "docked"


def test_columns_that_it_added_do_no_harm(ana) -> None:
    with connection.cursor() as cursor:
        for table in (
            "tocsin_event",
            "tocsin_delivery",
            "tocsin_attempt",
            "tocsin_inboxitem",
            "tocsin_worker",
        ):
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN of_tomorrow varchar(10) DEFAULT 'x' NOT NULL")
    send()
    send(channel="message")
    deliver_now()
    assert Delivery.objects.get().state == "sent"
    assert Attempt.objects.get().outcome == "sent"


def test_a_rule_with_a_field_that_it_added_applies(ana) -> None:
    fields = {"name": "all", "event_types": ["drill"], "to": ["user:ana"], "channels": ["memory"]}
    save.save(fields, Place(organization_id("")), "user ana")
    [version] = RuleVersion.objects.all()
    RuleVersion.objects.update(spec=version.spec | {"colour": "blue"})
    tocsin.notify("drill", title="x")
    deliver_now()
    assert Delivery.objects.get().state == "sent"


def test_a_rule_that_it_alone_understands_holds_up_no_other_event(ana) -> None:
    fields = {"name": "all", "event_types": ["drill"], "to": ["user:ana"], "channels": ["memory"]}
    save.save(fields, Place(organization_id("")), "user ana")
    [version] = RuleVersion.objects.all()
    condition = {"field": "title", "op": "sounds_like", "value": "x"}
    RuleVersion.objects.update(spec=version.spec | {"condition": condition})
    strange = tocsin.notify("drill", title="x")
    plain = send()
    pipeline.run(engines.PLAN, 10)
    found = dict(Event.objects.values_list("pk", "state"))
    assert found == {strange.id: "planning", plain.pk: "planned"}  # a newer worker has it when the lease ends
    assert "sounds_like" in Event.objects.get(pk=strange.id).detail


def test_work_of_a_channel_that_only_it_has_is_left_to_it(ana) -> None:
    send()
    pipeline.run(engines.PLAN, 10)
    Delivery.objects.update(channel="telepathy")
    work = engines.work()
    assert work is not None
    assert work.run("telepathy", work.count("telepathy")) == 0
    assert "telepathy" not in pipeline.sweep()
    assert Delivery.objects.get().state == "pending"


def test_a_hint_that_says_more_than_the_channel_is_no_error(ana) -> None:
    celery = pytest.importorskip("tocsin.engines.celery")
    celery.work.run("telepathy", 7, urgent=True)
