"""What is done to events, deliveries, series and channels in Django's admin: by the pipeline, and on record."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

import tocsin
from tocsin.deliveries.models import Attempt, Delivery, Pause
from tocsin.events.models import Event
from tocsin.schedule.models import Series
from tocsin.tenants.audit import AuditEntry
from tocsin.testing import deliver_now
from tocsin.web.admin import frame

pytestmark = pytest.mark.django_db

EVENTS, DELIVERIES = "/admin/tocsin/event/", "/admin/tocsin/delivery/"
PAUSES, SERIES = "/admin/tocsin/pause/", "/admin/tocsin/series/"


def act(browser, address, action, *rows):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return browser.post(address, chosen, follow=True)


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def waiting(ana):
    made = tocsin.notify(
        "message:system", title="Later", to=[f"user:{ana.pk}"], due_at="2099-01-01T00:00:00Z"
    )
    return Event.objects.get(pk=made.id)


def dead(ana):
    event = waiting(ana)
    Event.objects.filter(pk=event.pk).update(due_at=event.created_at)
    deliver_now()
    return Delivery.objects.create(
        organization=event.organization, event=event, channel="email", user=ana, identity=str(event.pk),
        state="dead", reason="gave_up", due_at=event.created_at, created_at=event.created_at, priority=1,
    )  # fmt: skip


def test_events_are_cancelled_those_that_can_be(desk, ana):
    first, second, over = waiting(ana), waiting(ana), waiting(ana)
    tocsin.cancel(event_id=over.pk)
    assert said(act(desk, EVENTS, "cancel", first, second, over)) == ["Cancelled: 2 of 3."]
    assert set(Event.objects.values_list("state", flat=True)) == {"cancelled"}
    assert [entry.object_id for entry in LogEntry.objects.order_by("pk")] == [str(second.pk), str(first.pk)]
    assert said(act(desk, EVENTS, "cancel", first)) == ["Cancelled: 0 of 1."]


def test_too_many_at_once_are_not_begun(desk, ana, monkeypatch):
    monkeypatch.setattr(frame, "MOST_ACTED", 1)
    events = [waiting(ana) for _ in range(2)]
    assert said(act(desk, EVENTS, "cancel", *events)) == ["Nothing was done: choose at most 1."]
    assert not Event.objects.filter(state="cancelled").exists()


def test_an_event_that_waits_for_it_is_confirmed_by_name(desk, root, ana):
    asks, other = waiting(ana), waiting(ana)
    Event.objects.filter(pk=asks.pk).update(state="awaiting_confirmation")
    assert said(act(desk, EVENTS, "confirm", asks, other)) == ["Confirmed: 1 of 2."]
    asks.refresh_from_db()
    assert (asks.state, asks.confirmed_by) == ("waiting", f"user {root.pk}")
    assert AuditEntry.objects.get().by == f"user {root.pk}"


def test_a_dead_event_is_planned_again(desk, ana):
    event = waiting(ana)
    Event.objects.update(state="dead", reason="plan_failed")
    assert said(act(desk, EVENTS, "plan_again", event)) == ["On its way again: 1 of 1."]
    event.refresh_from_db()
    assert event.state == "waiting"


def test_the_dead_are_retried_and_the_sent_are_not(desk, ana):
    gone, sent = dead(ana), dead(ana)
    Delivery.objects.filter(pk=sent.pk).update(state="sent")
    assert said(act(desk, DELIVERIES, "retry", gone, sent)) == ["On its way again: 1 of 2."]
    gone.refresh_from_db()
    sent.refresh_from_db()
    assert (gone.state, gone.reason, sent.state) == ("pending", "replayed", "sent")
    assert said(act(desk, DELIVERIES, "retry", gone)) == ["On its way again: 0 of 1."]


def test_a_delivery_shows_its_attempts(desk, ana):
    row = dead(ana)
    Attempt.objects.create(
        delivery=row,
        number=7,
        started_at=row.due_at,
        finished_at=row.due_at,
        outcome="rejected",
        detail="No!",
    )
    assert "No!" in desk.get(f"{DELIVERIES}{row.pk}/change/").text


def test_who_may_only_look_may_not_act(let_in, ana):
    row, event = dead(ana), waiting(ana)
    clerk = let_in("view_delivery", "view_event", "change_delivery")
    assert 'value="retry"' in clerk.get(DELIVERIES).text
    assert 'value="cancel"' not in clerk.get(EVENTS).text
    act(clerk, EVENTS, "cancel", event)
    event.refresh_from_db()
    assert event.state == "waiting"
    assert clerk.post(f"{DELIVERIES}{row.pk}/change/", {"state": "sent"}).status_code == 403
    assert said(act(clerk, DELIVERIES, "retry", row)) == ["On its way again: 1 of 1."]


def test_a_series_is_ended_with_what_waits_of_it(desk, root, ana):
    tocsin.repeat("message:system", title="Daily", to=[f"user:{ana.pk}"], rrule="FREQ=DAILY")
    series = Series.objects.get()
    assert said(act(desk, SERIES, "end", series)) == ["Ended: 1 of 1."]
    series.refresh_from_db()
    assert series.state == "cancelled"
    assert set(Event.objects.values_list("state", flat=True)) == {"cancelled"}
    assert AuditEntry.objects.filter(action="series.cancel").get().by == f"user {root.pk}"


def test_a_channel_stands_still_until_its_pause_is_deleted(desk, root):
    desk.post(f"{PAUSES}add/", {"channel": "email"})
    paused = Pause.objects.get()
    assert (paused.channel, paused.by) == ("email", f"user {root.pk}")
    twice = desk.post(f"{PAUSES}add/", {"channel": "email"})
    assert twice.context["adminform"].form.errors
    desk.post(f"{PAUSES}{paused.pk}/delete/", {"post": "yes"})
    assert not Pause.objects.exists()


def test_all_channels_are_paused_by_one_row_with_a_name(desk):
    desk.post(f"{PAUSES}add/", {"channel": ""})
    assert Pause.objects.get().channel == ""
    assert "all channels</a>" in desk.get(PAUSES).text
    act(desk, PAUSES, "delete_selected", Pause.objects.get())
    desk.post(
        PAUSES, {"action": "delete_selected", "_selected_action": Pause.objects.get().pk, "post": "yes"}
    )
    assert not Pause.objects.exists()


def test_no_channel_is_paused_that_is_not_there(desk):
    assert desk.post(f"{PAUSES}add/", {"channel": "pigeon"}).context["adminform"].form.errors["channel"]
    assert not Pause.objects.exists()
