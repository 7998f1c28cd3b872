"""Events that come again: each occurrence an event of its own, once, however many look and whatever was asleep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

import tocsin
from tocsin import pipeline, to
from tocsin.deliveries.explain import explain
from tocsin.errors import DedupeConflict, InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.inbox.queries import list_items
from tocsin.schedule.models import Series, SeriesState
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Organization, Project, Role
from tocsin.tenants.scope import Scope
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

NOW = datetime(2037, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana")


def repeat(rrule: str = "FREQ=DAILY", **fields) -> Series:
    with frozen(NOW):
        given = {"title": "x", "to": ["user:ana"], "time_zone": "UTC", "starts_at": NOW + HOUR} | fields
        return tocsin.repeat("drill", rrule=rrule, **given)


def told(ana, at: datetime) -> int:
    with frozen(at):
        deliver_now()
    return len(list_items(ana).items)


def dues(series: Series) -> list[datetime]:
    return list(series.events.order_by("due_at").values_list("due_at", flat=True))


def test_each_occurrence_is_an_event_and_the_next_one_waits(ana) -> None:
    series = repeat()
    assert dues(series) == [NOW + HOUR]
    assert told(ana, NOW) == 0
    assert told(ana, NOW + HOUR) == 1
    assert dues(series) == [NOW + HOUR, NOW + HOUR + DAY]
    assert told(ana, NOW + HOUR + DAY - timedelta(seconds=1)) == 1
    assert told(ana, NOW + HOUR + DAY) == 2
    assert [event.state for event in series.events.order_by("due_at")] == ["planned", "planned", "waiting"]


def test_it_keeps_every_field_of_the_event(ana, django_user_model) -> None:
    acme = Organization.objects.create(slug="acme")
    project = Project.objects.create(organization=acme, slug="web")
    Membership.objects.create(organization=acme, user=ana, role=Role.MEMBER)
    series = repeat(
        title="Stand-up", body="**now**", data={"n": [1]}, url="/standup", level="warning", channel="message",
        actions=[{"label": "Open", "url": "/x"}], actor=ana, about="room/7", group_key="g", organization="acme",
        project="web", to=[to.user(ana.pk), "role:member"], expires_after=timedelta(minutes=30),
        still_valid={"field": "status", "op": "is", "value": "open"},
    )  # fmt: skip
    with frozen(NOW + 2 * HOUR):
        pipeline.sweep()
    first, second = series.events.order_by("due_at")
    for event in (first, second):
        assert (event.title, event.body, event.data, event.url, event.level) == (
            "Stand-up", "**now**", {"n": [1]}, "/standup", 30,
        )  # fmt: skip
        assert (event.channel, event.about, event.group_key, event.actor) == (
            "message", "room/7", "g", f"user:{ana.pk}",
        )  # fmt: skip
        assert (event.organization, event.project) == (acme, project)
        assert event.to == [f"user:{ana.pk}", "role:member"]
        assert event.actions == [{"label": "Open", "url": "/x"}]
        assert event.expires_at == event.due_at + timedelta(minutes=30)
        assert event.still_valid["field"] == "status"
    assert series.created_by == "code"


def test_explain_names_the_series(ana) -> None:
    series = repeat()
    assert f"It is one of series {series.pk}: FREQ=DAILY." in explain(series.events.get()).sentences


def test_who_hears_is_asked_when_each_is_due(ana, django_user_model) -> None:
    repeat(to=[to.everyone()], channel="message")
    assert told(ana, NOW + HOUR) == 1
    bob = django_user_model.objects.create_user("bob")
    assert told(ana, NOW + HOUR + DAY) == 2
    assert len(list_items(bob).items) == 1


def test_what_was_missed_is_counted_and_not_made_up_for(ana) -> None:
    series = repeat("FREQ=HOURLY")
    assert told(ana, NOW + 5 * HOUR + timedelta(minutes=30)) == 1
    series.refresh_from_db()
    assert dues(series) == [NOW + HOUR, NOW + 6 * HOUR]
    assert (series.missed, series.number) == (4, 6)


def test_a_very_long_sleep_is_caught_up_in_steps(ana, monkeypatch) -> None:
    monkeypatch.setattr("tocsin.schedule.series.MOST_MISSED", 100)
    series = repeat("FREQ=MINUTELY")
    with frozen(NOW + HOUR + timedelta(minutes=250)):
        for _ in range(2):
            pipeline.sweep()
            assert series.events.count() == 1
        pipeline.sweep()
    series.refresh_from_db()
    assert (series.missed, dues(series)[-1]) == (250, NOW + HOUR + timedelta(minutes=251))


def test_many_are_made_in_several_batches(ana, monkeypatch, django_assert_max_num_queries) -> None:
    monkeypatch.setattr("tocsin.schedule.series.BATCH", 2)
    for number in range(5):
        repeat(title=f"n{number}")
    with frozen(NOW + HOUR):
        pipeline.sweep()
    assert Event.objects.count() == 10


def test_while_nothing_is_due_it_costs_one_query(ana, django_assert_num_queries) -> None:
    from tocsin.schedule.series import recur

    repeat()
    with frozen(NOW), django_assert_num_queries(1):
        assert recur() == 0


def test_it_ends_by_its_rule_and_says_so(ana) -> None:
    series = repeat("FREQ=DAILY;COUNT=2")
    assert [told(ana, NOW + HOUR + number * DAY) for number in range(4)] == [1, 2, 2, 2]
    series.refresh_from_db()
    assert (series.state, series.events.count()) == (SeriesState.ENDED, 2)
    assert series.ended_at is not None


def test_a_past_start_gives_the_step_and_not_what_is_past(ana) -> None:
    series = repeat("FREQ=WEEKLY;INTERVAL=2", starts_at=NOW - 7 * DAY)
    assert dues(series) == [NOW + 7 * DAY]
    assert series.number == 2


def test_without_a_start_it_begins_this_minute(ana) -> None:
    series = repeat("FREQ=DAILY", starts_at=None)
    assert dues(series) == [NOW]
    assert told(ana, NOW) == 1


def test_it_follows_the_clock_of_its_zone(ana, settings) -> None:
    series = repeat("FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=9;BYMINUTE=0", time_zone="Europe/Oslo", starts_at=NOW)
    with frozen(datetime(2038, 3, 20, tzinfo=UTC)):
        pipeline.sweep()
    assert [due.hour for due in dues(series)] == [8, 7]
    settings.TIME_ZONE = "America/New_York"
    assert dues(repeat("FREQ=DAILY;BYHOUR=9;BYMINUTE=0", time_zone=""))[0].hour == 14


def test_cancelling_one_occurrence_leaves_the_others(ana) -> None:
    series = repeat()
    assert tocsin.cancel(event_id=series.events.get().pk) == 1
    assert told(ana, NOW + HOUR) == 0
    assert told(ana, NOW + HOUR + DAY) == 1


def test_cancelling_the_series_ends_it_with_what_waits(ana) -> None:
    series = repeat()
    assert tocsin.cancel(series_id=series.pk) == 1
    assert tocsin.cancel(series_id=series.pk) == 0
    series.refresh_from_db()
    assert series.state == SeriesState.CANCELLED
    assert told(ana, NOW + 9 * DAY) == 0
    assert [event.state for event in series.events.all()] == ["cancelled"]


def test_what_hangs_on_an_object_goes_with_it(ana) -> None:
    series, other = repeat(about="invoice/42"), repeat(about="invoice/7")
    assert tocsin.cancel(about="invoice/42") == 1
    series.refresh_from_db()
    other.refresh_from_db()
    assert (series.state, other.state) == (SeriesState.CANCELLED, SeriesState.ACTIVE)


def test_a_series_that_is_not_theirs_does_not_exist(ana) -> None:
    series = repeat()
    acme = Organization.objects.create(slug="acme")
    for key in (series.pk, 987654321, "x", "-1", "²"):
        with pytest.raises(NotFound):
            tocsin.cancel(series_id=key, scope=Scope(frozenset({acme.pk})))
    assert Series.objects.get().state == SeriesState.ACTIVE


def test_the_same_key_gives_the_same_series_while_it_goes_on(ana) -> None:
    first = repeat(dedupe_key="standup", starts_at=None)
    with frozen(NOW + DAY):
        again = tocsin.repeat(
            "drill", title="x", to=["user:ana"], rrule="FREQ=DAILY", time_zone="UTC", dedupe_key="standup"
        )
    assert (again.pk, Event.objects.count()) == (first.pk, 1)
    with pytest.raises(DedupeConflict):
        repeat("FREQ=WEEKLY", dedupe_key="standup", starts_at=None)
    tocsin.cancel(series_id=first.pk)
    assert repeat("FREQ=WEEKLY", dedupe_key="standup").pk != first.pk


def test_every_wrong_field_is_told_at_once(ana) -> None:
    with pytest.raises(InvalidInput) as refused:
        repeat(
            "FREQ=SECONDLY", time_zone="Mars/Base", starts_at=datetime(2026, 1, 1), expires_after=3,  # noqa: DTZ001
            title="", colour="red", due_at=NOW,
        )  # fmt: skip
    assert sorted(error.field for error in refused.value.errors) == [
        "colour", "due_at", "expires_after", "rrule", "starts_at", "time_zone", "title",
    ]  # fmt: skip
    assert not Series.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", datetime(1, 1, 1, tzinfo=UTC)), ("starts_at", datetime(9999, 1, 1, tzinfo=UTC)),
        ("starts_at", NOW - 32 * DAY), ("starts_at", "soon"), ("expires_after", 0), ("expires_after", True),
        ("expires_after", 90.5), ("expires_after", "1h"), ("expires_after", float("nan")),
        ("expires_after", timedelta(days=400)), ("dedupe_key", "a\nb"),
    ],
)  # fmt: skip
def test_times_that_cannot_be_are_refused(ana, field, value) -> None:
    given = {"rrule": "FREQ=DAILY"} | {field: value}
    with pytest.raises(InvalidInput) as refused:
        repeat(**given)
    assert [error.field for error in refused.value.errors] == [field]


def test_it_is_part_of_the_callers_transaction(ana) -> None:
    with transaction.atomic():
        repeat()
        transaction.set_rollback(True)
    assert (Series.objects.count(), Event.objects.count()) == (0, 0)


def test_a_rule_whose_end_is_past_is_refused(ana) -> None:
    with pytest.raises(InvalidInput, match="is over"):
        repeat("FREQ=DAILY;UNTIL=20371118", starts_at=NOW - 5 * DAY)


def test_the_audit_log_has_its_start_and_its_end(ana) -> None:
    series = repeat(title="Stand-up")
    tocsin.cancel(series_id=series.pk, by="user root")
    entries = AuditEntry.objects.filter(subject=f"series:{series.pk}").order_by("pk")
    assert [(entry.action, entry.by) for entry in entries] == [
        ("series.start", "code"), ("series.cancel", "user root"),
    ]  # fmt: skip
    assert entries[0].after["title"] == "Stand-up"


def test_a_sleeping_process_and_a_jumping_clock_give_each_once(ana) -> None:
    """Two hours ahead, back again, and on: no occurrence comes early, none twice."""
    series = repeat("FREQ=HOURLY")
    for hours in (1, 3, 1, 2, 4):
        with frozen(NOW + hours * HOUR):
            deliver_now()
    found = dues(series)
    assert len(found) == len(set(found))
    assert all(event.planned_at >= event.due_at for event in series.events.filter(state="planned"))
