"""The ledger pages: events, one event's story, and what can be done about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

import tocsin
from tocsin import clock
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.testing import deliver_now
from tocsin.web import rows
from tocsin.web.ledger import events as event_pages

EVENTS = "/tocsin/events/"


@pytest.fixture
def ana(acme, person):
    return person("ana", acme="owner")


@pytest.fixture
def ben(acme, person):
    return person("ben", acme="member")


@pytest.fixture
def client(browse, ana):
    return browse(ana)


@pytest.fixture
def dead(ana, tell):
    """The id of an event of which one delivery was refused for good."""
    event = tell("email:ana@example.org", "Refused", organization="acme", channel="email")
    row = Delivery.objects.get(event=event)
    Delivery.objects.filter(pk=row.pk).update(state=State.DEAD, reason="rejected", finished_at=clock.now())
    Attempt.objects.filter(delivery=row).delete()
    Attempt.objects.create(delivery=row, number=1, started_at=clock.now(), finished_at=clock.now(),
                           outcome="rejected", cause="refused_recipient", detail="550 no such mailbox")  # fmt: skip
    return event


def text(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def story(event):
    return reverse("tocsin:event", args=[event])


def test_an_empty_ledger_says_how_to_send_the_first_event(client):
    assert "tocsin.notify(" in text(client, EVENTS)


def test_events_are_listed_with_counts_by_state(client, ana, dead, tell):
    tell(ana, "Read me", organization="acme")
    page = text(client, EVENTS)
    assert page.index("Read me") < page.index("Refused")
    assert "1 dead" in page
    assert "1 sent" in page


def test_only_the_own_organization_is_listed(client, globex, person, tell):
    tell(person("gil", globex="member"), "Not for acme", organization="globex")
    assert "Not for acme" not in text(client, EVENTS)


def test_older_events_are_on_further_pages(client, ana, tell, monkeypatch):
    monkeypatch.setattr(event_pages, "EVENTS", 2)
    events = [tell(ana, f"event {number}", organization="acme") for number in range(3)]
    page = text(client, EVENTS)
    assert "event 0" not in page
    assert f"after={events[1]}" in page
    assert "event 0" in text(client, f"{EVENTS}?after={events[1]}")


@pytest.mark.parametrize("query", ["after=1", "after=x", "after=%00"])
def test_a_cursor_that_is_none_is_missing(client, query):
    assert client.get(f"{EVENTS}?{query}").status_code == 404
    assert client.get(f"/tocsin/deliveries/?{query}").status_code == 404


def test_a_very_large_event_is_not_counted_in_the_list(client, ana, ben, tell, monkeypatch):
    monkeypatch.setattr(rows, "COUNTED_ROWS", 1)
    tell(ana, "To one", organization="acme")
    tocsin.notify(
        "drill",
        title="To everybody",
        to=[f"user:{ana.pk}", f"user:{ben.pk}"],
        organization="acme",
        channel="message",
    )
    deliver_now()
    page = text(client, EVENTS)
    assert page.count("more than 1 deliveries") == 1
    assert page.count("1 sent") == 1
    assert "2 sent" not in page


def test_the_story_tells_everything_in_words(client, dead):
    page = text(client, story(dead))
    for part in ("Refused", "email:ana@example.org", "Everyone concerned has a delivery or a reason.",
                 "The far side refused it for good.", "The far side does not know this recipient.",
                 "550 no such mailbox", "Retry"):  # fmt: skip
        assert part in page


def test_the_story_says_why_someone_was_skipped(client, acme, person, tell):
    gone = person("eve", acme="member", is_active=False)
    page = text(client, story(tell(gone, organization="acme")))
    assert "The account is not active." in page
    assert "1 skipped" in page


def test_the_story_answers_for_one_person(client, ana, globex, person, tell):
    person("gil", globex="member")
    event = tell(ana, organization="acme")
    assert "It is in their inbox." in text(client, story(event) + "?who=ana")
    for stranger in ("gil", "nobody", "<b>"):
        assert "There is nobody called" in text(client, f"{story(event)}?who={stranger}")


def test_the_lines_can_be_cut_to_one_state(client, ana, dead):
    assert "Deliveries: dead" in text(client, story(dead) + "?state=dead")
    assert "There is none in this state." in text(client, story(dead) + "?state=skipped")
    assert client.get(story(dead) + "?state=odd").status_code == 404


def test_a_dead_delivery_can_be_sent_again(client, dead):
    row = Delivery.objects.get(event=dead)
    answer = client.post("/tocsin/deliveries/replay/", {"id": f"d{row.pk}", "next": story(dead)}, follow=True)
    assert answer.redirect_chain == [(story(dead), 302)]
    assert "1 delivery is on its way again." in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.reason) == (State.PENDING, "replayed")


def test_what_is_not_dead_any_more_is_left_as_it_is(client, dead):
    row = Delivery.objects.get(event=dead)
    Delivery.objects.update(state=State.SENT)
    answer = client.post("/tocsin/deliveries/replay/", {"id": f"d{row.pk}"}, follow=True)
    assert "1 was not dead any more" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == State.SENT


def test_anothers_delivery_cannot_be_sent_again(client, globex, person, browse, dead):
    row = Delivery.objects.get(event=dead)
    gil = browse(person("gil", globex="owner"))
    assert gil.post("/tocsin/deliveries/replay/", {"id": f"d{row.pk}"}).status_code == 404
    row.refresh_from_db()
    assert row.state == State.DEAD


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_way_back_stays_on_this_site(client, dead, target):
    row = Delivery.objects.get(event=dead)
    answer = client.post("/tocsin/deliveries/replay/", {"id": f"d{row.pk}", "next": target})
    assert answer["Location"] == "/tocsin/deliveries/"


def test_dead_deliveries_of_all_events_are_in_one_place(client, dead):
    page = text(client, "/tocsin/deliveries/")
    assert "Refused" in page
    assert "Retry all that were given up" in page
    assert "No delivery is in this state." in text(client, "/tocsin/deliveries/?state=retrying")


def test_an_event_that_waits_can_be_cancelled(client, ana):
    due = clock.now() + timedelta(hours=1)
    event = tocsin.notify("drill", title="Later", to=[f"user:{ana.pk}"], organization="acme", due_at=due).id
    assert "Cancel what is unsent" in text(client, story(event))
    answer = client.post(reverse("tocsin:event-cancel", args=[event]), follow=True)
    assert "The event is cancelled." in answer.content.decode()
    assert "Cancel what is unsent" not in text(client, story(event))
    assert deliver_now() == 0


def test_what_is_over_cannot_be_cancelled(client, ana, tell):
    event = tell(ana, organization="acme")
    assert "Cancel what is unsent" not in text(client, story(event))
    answer = client.post(reverse("tocsin:event-cancel", args=[event]), follow=True)
    assert "There was nothing left to cancel." in answer.content.decode()


def test_anothers_event_cannot_be_cancelled(globex, person, browse, ana):
    due = clock.now() + timedelta(hours=1)
    event = tocsin.notify("drill", title="Later", to=[f"user:{ana.pk}"], organization="acme", due_at=due).id
    gil = browse(person("gil", globex="owner"))
    assert gil.post(reverse("tocsin:event-cancel", args=[event])).status_code == 404
    assert Event.objects.get(pk=event).state == "waiting"


def test_hostile_words_stay_words(client, ana, tell):
    bad = "<img src=x onerror=alert(1)>"
    event = tell(ana, bad, body=bad, actor=bad, about="x/<b>", organization="acme")
    for page in (text(client, EVENTS), text(client, story(event))):
        assert "<img" not in page
        assert "<b>" not in page


def test_the_page_looks_again_only_while_something_moves(client, ana, tell):
    event = tell(ana, organization="acme")
    assert "data-refresh" not in text(client, story(event))
    due = clock.now() + timedelta(hours=1)
    waiting = tocsin.notify("drill", title="Later", to=[f"user:{ana.pk}"], organization="acme", due_at=due).id
    assert 'data-refresh="10"' in text(client, story(waiting))
    Event.objects.filter(pk=waiting).update(due_at=clock.now())
    assert 'data-refresh="2"' in text(client, story(waiting))


def test_an_event_that_waits_is_confirmed_once(client, ana, settings):
    settings.TOCSIN = {
        **settings.TOCSIN,
        "EVENT_TYPES": {"test:none": {"label": "None", "max_recipients": 0}},
    }
    event = tocsin.notify("test:none", title="To all", to=[f"user:{ana.pk}"], organization="acme")
    deliver_now()
    page = text(client, story(event.id))
    assert "Confirm and send" in page
    assert "more than 0 people" in page
    confirm = reverse("tocsin:event-confirm", args=[event.id])
    assert client.post(confirm).status_code == 302
    assert client.post(confirm).status_code == 302
    assert "waits for no confirmation" in text(client, story(event.id))
    deliver_now()
    assert "Confirmed" in text(client, story(event.id))
    assert Event.objects.get(pk=event.id).state == "planned"
