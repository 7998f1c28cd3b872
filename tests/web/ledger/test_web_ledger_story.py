"""One event's story: its steps in order, its channels in numbers, how far it is, and who may be asked about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

import tocsin
from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.testing import deliver_now
from tocsin.web.ledger import tally


@pytest.fixture
def ben(acme, person):
    return person("ben", acme="member")


@pytest.fixture
def both(ana, ben):
    """An event that is told to two people on two channels."""
    event = tocsin.notify("message:system", title="Both", to=[f"user:{ana.pk}", f"user:{ben.pk}"],
                          organization="acme", actor="cron").id  # fmt: skip
    deliver_now()
    return event


@pytest.fixture
def story(read):
    def get(event, **query):
        return read(reverse("tocsin:event", args=[event]), **query)

    return get


def test_steps_are_told_in_their_order(both, story):
    steps = story(both).split('class="tocsin-story"')[1].split("</ol>")[0]
    places = [steps.index(words) for words in ("Accepted from cron.", "Who was to hear of it", "Its own list:",
                                               "Planned: 4 deliveries.")]  # fmt: skip
    assert places == sorted(places)


def test_each_channel_has_its_numbers_and_its_attempts(both, story):
    Delivery.objects.filter(label="ben").update(state=State.DEAD, reason="rejected")
    lanes = story(both).split('id="channels"')[1].split("</section>")[0]
    assert lanes.count("<article>") == 2
    assert lanes.count("2 deliveries") == 2
    assert "The far side refused it for good." in lanes
    assert lanes.count('cy="24"') == 2


def test_an_audience_is_counted(acme, ana, ben, story):
    event = tocsin.notify("drill", title="All", to=["org:acme"], organization="acme").id
    deliver_now()
    assert "Those are 2 people now." in story(event)


def test_it_says_how_far_it_is(both, story):
    assert "<progress" not in story(both)
    row = Delivery.objects.filter(event=both).first()
    Delivery.objects.filter(pk=row.pk).update(state=State.RETRYING)
    page = story(both)
    assert "3 of 4 have come to an end" in page
    assert '<progress id="progress" max="4" value="3">' in page
    assert 'data-refresh="2"' in page


def test_it_says_how_far_planning_is(acme, ana, ben, story):
    event = tocsin.notify("drill", title="All", to=["org:acme"], organization="acme").id
    cursor = {"contributor": 0, "after": str(min(ana.pk, ben.pk))}
    Event.objects.filter(pk=event).update(state="planning", plan_cursor=cursor)
    assert "Planned for 1 of about 2 people." in story(event)


def test_a_very_large_event_is_counted_when_it_is_asked_for(both, story, monkeypatch):
    monkeypatch.setattr(tally, "LARGE", 1)
    tally._kept.clear()
    page = story(both)
    assert "It has very many deliveries." in page
    assert "<article>" not in page
    assert "Planned." in page
    assert "Planned: 4 deliveries." in story(both, counted="1")
    Delivery.objects.filter(event=both).delete()
    Delivery.objects.create(
        event_id=both, organization_id=1, channel="email", identity="x", due_at=clock.now(), priority=1,
        created_at=clock.now(),
    )  # fmt: skip
    assert "Planned: 4 deliveries." in story(both)
    tally._kept.clear()


def test_what_ended_it_is_the_last_step(ana, story):
    due = clock.now() + timedelta(hours=1)
    event = tocsin.notify("drill", title="Later", to=[f"user:{ana.pk}"], organization="acme", due_at=due).id
    assert "Accepted; waits until it is due." in story(event)
    tocsin.cancel(event_id=event)
    last = story(event).split('class="tocsin-story"')[1].split("</ol>")[0].split("<li>")[-1]
    assert "Cancelled before everything was sent." in last


def names(client, event, beginning):
    return client.get(reverse("tocsin:event-people", args=[event]), {"who": beginning}).content.decode()


def test_names_are_suggested_of_people_who_may_be_asked_about(client, both, globex, person):
    person("benedict", globex="member")
    assert names(client, both, "be").count("<option") == 1
    assert 'value="ben"' in names(client, both, "be")
    for nothing in ("b", "", "\x00\x00", "zz"):
        assert "<option" not in names(client, both, nothing)


def test_the_operator_is_suggested_everybody(browse, both, globex, person):
    person("benedict", globex="member")
    root = browse(person("root", is_superuser=True))
    assert names(root, both, "be").count("<option") == 2


def test_nobody_is_suggested_for_anothers_event(browse, both, globex, person):
    gil = browse(person("gil", globex="owner"))
    assert gil.get(reverse("tocsin:event-people", args=[both]), {"who": "be"}).status_code == 404
