"""Looking for events and deliveries: each filter, several, wrong values, and what is another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localtime

import tocsin
from tocsin import clock
from tocsin.deliveries import finding
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.tenants.models import Membership, Project
from tocsin.tenants.organizations import implicit
from tocsin.testing import deliver_now
from tocsin.web.ledger import events as event_pages

EVENTS, DELIVERIES = "/tocsin/events/", "/tocsin/deliveries/"


@pytest.fixture
def notify(ana):
    """Accepts an event of acme and plans it."""

    def send(title, **fields):
        given = {"organization": "acme", "to": [f"user:{ana.pk}"], "channel": "message"} | fields
        accepted = tocsin.notify(given.pop("type", "drill"), title=title, **given)
        deliver_now()
        return accepted.id

    return send


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({"type": "task:finished"}, {"type": "task:finished"}),
        ({"type": "task:finished"}, {"type": "task:*"}),
        ({"level": "error"}, {"level": "warning"}),
        ({"level": "error"}, {"level": "error"}),
        ({"about": "host/db1"}, {"about": "host/db1"}),
        ({"group_key": "g 1&2"}, {"group_key": "g 1&2"}),
        ({"actor": "cron"}, {"actor": "cron"}),
        ({"project": "web"}, {"project": "web"}),
        ({"due_at": clock.now() + timedelta(days=1)}, {"state": "waiting"}),
        ({"level": "error", "about": "x", "type": "task:missed"}, {"level": "error", "about": "x", "type": "task:*"}),
    ],
)  # fmt: skip
def test_events_are_found_by_what_they_are(acme, notify, read, fields, query):
    Project.objects.create(organization=acme, slug="web", name="Web")
    notify("Another one")
    notify("The one", **fields)
    page = read(EVENTS, **query)
    assert "The one" in page
    assert "Another one" not in page
    assert "tocsin-looked" in page


def test_filters_narrow_each_other(notify, read):
    notify("Right", about="x", level="error")
    notify("Too light", about="x")
    notify("Of something else", about="y", level="error")
    page = read(EVENTS, about="x", level="error")
    assert "Right" in page
    assert "Too light" not in page
    assert "Of something else" not in page


def test_dates_begin_with_the_first_moment_and_end_before_the_last(notify, read):
    notify("Of now")
    before, after = (f"{localtime(clock.now() + timedelta(hours=h)):%Y-%m-%dT%H:%M}" for h in (-1, 1))
    assert "Of now" in read(EVENTS, since=before, until=after)
    assert "There is no such event." in read(EVENTS, since=after)
    assert "There is no such event." in read(EVENTS, until=before)
    assert "Of now" in read(DELIVERIES, state="all", since=before, until=after)
    assert "Of now" not in read(DELIVERIES, state="all", since=after)
    assert "Of now" not in read(DELIVERIES, state="all", until=before)


def test_events_with_dead_deliveries_are_found(give_up, notify, read):
    give_up("With a dead one")
    notify("All is well")
    page = read(EVENTS, dead="on")
    assert "With a dead one" in page
    assert "All is well" not in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"type": "<b>"}, "This is no type."),
        ({"type": "a*b"}, "This is no type."),
        ({"level": "loud"}, "Select a valid choice. loud"),
        ({"state": "odd"}, "Select a valid choice. odd"),
        ({"since": "yesterday"}, "This is no date and time. Give one such as"),
        ({"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"}, "This is not after the beginning."),
        ({"about": "x" * 201}, "at most 200 characters"),
        ({"actor": "\x00"}, "Null characters are not allowed."),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_kept(notify, read, query, said):
    notify("Not shown")
    page = read(EVENTS, 422, **query)
    assert said in page
    assert "Not shown" not in page
    assert "Mend it above." in page
    assert "data-refresh" not in page


@pytest.mark.parametrize(
    "query", [{"state": "odd"}, {"channel": "pigeon"}, {"reason": "none"}, {"until": "x"}]
)
def test_a_wrong_value_for_deliveries_is_told_too(read, query):
    assert 'role="alert"' in read(DELIVERIES, 422, **query)


def test_anothers_organization_is_not_known(globex, ana, notify, read):
    notify("Ours")
    Membership.objects.create(organization=implicit(), user=ana, role="owner")
    assert "Ours" in read(EVENTS, organization="acme")
    theirs, none = (
        read(EVENTS, 422, organization=slug).split('id="tocsin-page"')[1] for slug in ("globex", "nobody")
    )
    assert theirs.replace("globex", "nobody") == none
    assert "There is no such organization." in none
    assert "There is no such event." in read(EVENTS, project="globex")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"dead"}),
        ({"state": "all"}, {"dead", "sent", "waits"}),
        ({"state": "retrying"}, {"waits"}),
        ({"state": "sent"}, {"sent"}),
        ({"state": "all", "channel": "email"}, {"dead", "waits"}),
        ({"state": "all", "channel": "message"}, {"sent"}),
        ({"state": "all", "reason": "rejected"}, {"dead"}),
        ({"state": "all", "type": "task:*"}, {"sent"}),
        ({"state": "all", "who": "ana"}, {"sent"}),
        ({"state": "all", "who": "X@Example.org"}, {"dead"}),
        ({"state": "all", "who": "nobody"}, set()),
        ({"state": "dead", "channel": "message"}, set()),
    ],
)
def test_deliveries_are_found_by_what_they_are(give_up, notify, read, query, found):
    give_up("dead")
    notify("sent", type="task:finished")
    late = give_up("waits", "y@example.org")
    Delivery.objects.filter(pk=late.pk).update(state=State.RETRYING, reason="retry", finished_at=None)
    page = read(DELIVERIES, **query)
    assert {title for title in ("dead", "sent", "waits") if f">{title}</a>" in page} == found


def test_a_filter_is_kept_in_the_links_to_further_pages(notify, read, monkeypatch):
    monkeypatch.setattr(event_pages, "EVENTS", 1)
    notify("First", about="a b")
    notify("Another")
    second = notify("Second", about="a b")
    page = read(EVENTS, about="a b")
    assert f'href="?about=a+b&amp;after={second}"' in page
    page = read(EVENTS, about="a b", after=str(second))
    assert "First" in page
    assert "Another" not in page
    assert 'href="?about=a+b"' in page


def test_each_chip_takes_one_thing_away(notify, read):
    notify("One", about="x", level="error")
    page = read(EVENTS, about="x", level="error")
    assert 'href="?level=error"' in page
    assert 'href="?about=x"' in page
    assert 'href="?channel=email&amp;state=all"' in read(DELIVERIES, state="sent", channel="email")


def test_a_search_that_no_index_serves_stops_and_says_where_to_go_on(notify, read, monkeypatch):
    monkeypatch.setattr(finding, "EVENTS_LOOKED_AT", 2)
    notify("Far back", actor="cron")
    edge = notify("In between")
    notify("Of now")
    page = read(EVENTS, actor="cron")
    assert "None was found so far." in page
    assert f"after={edge}" in page
    assert "Far back" in read(EVENTS, actor="cron", after=str(edge))


def test_deliveries_too_are_looked_at_step_by_step(give_up, notify, read, monkeypatch):
    far = give_up("Far back")
    Delivery.objects.filter(pk=far.pk).update(state=State.SKIPPED)
    for number in range(3):
        give_up(f"Nearer {number}")
    monkeypatch.setattr(finding, "STEP", 1)
    monkeypatch.setattr(finding, "STEPS", 2)
    page = read(DELIVERIES, state="skipped")
    assert "Look further back" in page
    assert "Far back" not in page
    after = page.split("after=")[1].split('"')[0]
    assert "Far back" in read(DELIVERIES, state="skipped", after=after)


def test_the_list_asks_the_same_number_of_questions_however_long_it_is(
    client, notify, django_assert_max_num_queries
):
    notify("One")
    with CaptureQueriesContext(connection) as one:
        client.get(EVENTS)
    for number in range(6):
        notify(f"More {number}")
    with django_assert_max_num_queries(len(one)):
        client.get(EVENTS)


def test_hostile_values_stay_words(read):
    bad = '"><img src=x onerror=alert(1)>'
    for page in (read(EVENTS, about=bad), read(DELIVERIES, who=bad), read(EVENTS, 422, type=bad)):
        assert "<img" not in page


def test_another_organizations_keeper_finds_nothing_by_an_id(give_up, globex, person, browse):
    row = give_up("Secret matter")
    gil = browse(person("gil", globex="owner"))
    for query in ({"state": "all"}, {"who": "x@example.org"}, {"state": "all", "who": "ana"}):
        assert "Secret matter" not in gil.get(DELIVERIES, query).content.decode()
    assert gil.get(reverse("tocsin:event", args=[row.event_id])).status_code == 404
