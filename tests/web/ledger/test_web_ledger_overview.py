"""How it goes: numbers in the right minute, channels that wait, pauses, and what an organization may see of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tocsin import clock
from tocsin.deliveries import pauses, pulse
from tocsin.deliveries.models import Attempt, Delivery, Pause
from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.tenants.scope import OPERATOR, Scope
from tocsin.web.ledger import overview, plots

OVERVIEW, PAUSE = "/tocsin/overview/", "/tocsin/overview/pause/"
NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nothing_kept():
    overview._kept.clear()


@pytest.fixture
def root(person, browse):
    return browse(person("root", is_superuser=True))


@pytest.fixture
def tried(give_up):
    """Writes attempts that ended at these moments."""

    def write(*moments, outcome="sent", **fields):
        row = give_up(**fields)
        Attempt.objects.filter(delivery=row).delete()
        Attempt.objects.bulk_create(
            Attempt(delivery=row, number=1, started_at=at, finished_at=at, outcome=outcome) for at in moments
        )
        return row

    return write


def measured(scope=OPERATOR, now=NOON):
    with clock.frozen(now):
        return pulse.pulse(scope)


def test_a_minute_begins_on_the_full_minute_and_ends_before_the_next(tried):
    tried(NOON - SECOND, NOON, NOON + 59 * SECOND)
    found = measured(now=NOON + 59 * SECOND).minutes
    assert [(one.at, one.sent) for one in found[-2:]] == [(NOON - timedelta(minutes=1), 1), (NOON, 2)]
    assert len(found) == 60


def test_the_hour_and_the_day_go_back_so_far_and_no_further(tried):
    hour, day = NOON - timedelta(minutes=59), NOON - timedelta(hours=23)
    tried(day - SECOND, day, hour - SECOND, hour, NOON)
    found = measured()
    assert sum(one.sent for one in found.minutes) == 2
    assert found.minutes[0].sent == 1
    assert (found.hours[0].at, found.hours[0].sent) == (day, 1)
    assert sum(one.sent for one in found.hours) == 4


def test_failures_are_told_apart_and_given_as_a_part(tried):
    row = tried(NOON, NOON, NOON)
    Attempt.objects.create(delivery=row, number=2, started_at=NOON, finished_at=NOON, outcome="retry")
    [flow] = [one for one in measured().channels if one.slug == "email"]
    assert (flow.sent, flow.failed, flow.rate) == (3, 1, 0.25)


def test_what_came_into_inboxes_counts_as_sent(ana, tell):
    tell(ana, organization="acme")
    InboxItem.objects.update(created_at=NOON)
    found = measured()
    assert found.minutes[-1].sent == 1
    assert [flow.slug for flow in found.channels] == ["message"]


def test_what_is_further_back_than_is_looked_at_is_said_not_to_be_counted(tried, monkeypatch):
    monkeypatch.setattr(pulse, "MOST", 2)
    tried(*(NOON - timedelta(minutes=ago) for ago in (3, 2, 1)))
    found = measured().minutes
    assert [one.known for one in found[-4:]] == [False, True, True, True]
    assert sum(one.sent for one in found) == 2


def test_an_organization_sees_its_own_numbers(acme, globex, tried):
    tried(NOON)
    other = tried(NOON, NOON, organization="globex")
    Delivery.objects.filter(pk=other.pk).update(state=State.PENDING, due_at=NOON - timedelta(hours=1))
    ours = measured(Scope(frozenset({acme.pk})))
    assert ours.minutes[-1].sent == 1
    assert [(flow.waiting, flow.oldest, flow.dead) for flow in ours.channels] == [(0, None, 1)]
    theirs = measured(Scope(frozenset({globex.pk})))
    assert [(flow.waiting, flow.dead) for flow in theirs.channels] == [(1, 0)]
    assert theirs.channels[0].oldest == NOON - timedelta(hours=1)


def test_what_waits_is_what_is_due(give_up):
    rows = [(minutes, give_up(str(minutes))) for minutes in (5, 0, -5)]
    for minutes, row in rows:
        due = NOON - timedelta(minutes=minutes)
        Delivery.objects.filter(pk=row.pk).update(state=State.RETRYING, due_at=due)
    [flow] = measured().channels
    assert (flow.waiting, flow.oldest) == (2, NOON - timedelta(minutes=5))


def test_the_page_says_at_once_what_is_wrong(root, give_up):
    give_up("Dead")
    row = give_up("Stuck")
    Delivery.objects.filter(pk=row.pk).update(state=State.PENDING, due_at=clock.now() - timedelta(minutes=7))
    page = root.get(OVERVIEW).content.decode()
    assert "No worker is alive." in page
    assert "E-mail is late." in page
    assert "1 delivery was given up." in page
    assert 'data-refresh="5"' in page


def test_what_waits_for_a_confirmation_is_said_to_those_who_may_confirm(client, acme, globex, tell, ana):
    for slug in ("acme", "globex"):
        event = tell(ana, organization=slug)
        Event.objects.filter(pk=event).update(state="awaiting_confirmation")
    page = client.get(OVERVIEW).content.decode()
    assert "1 event waits for a confirmation." in page
    assert client.get("/tocsin/events/?state=awaiting_confirmation").content.decode().count('id="event-') == 1


def test_where_nothing_happened_it_says_so(client):
    page = client.get(OVERVIEW).content.decode()
    assert "Nothing is late, and nothing was given up." in page
    assert "Nothing went out in the last hour" in page


def test_plots_can_be_read_as_tables(client, tried):
    moment = clock.now()
    tried(moment, moment)
    page = client.get(OVERVIEW).content.decode()
    table = page.split('id="minutes-table"')[1].split("</table>")[0]
    assert "<td>2</td><td>0</td>" in table
    assert "2 sent, 0 failed" in page


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (5, 5), (6, 10), (11, 20), (2001, 5000)]
)
def test_an_axis_ends_at_a_number_that_is_easily_read(most, top):
    assert plots.round_up(most) == top


def test_bars_stand_on_each_other_and_stay_inside(tried):
    drawn = plots.plot([pulse.Tally(NOON, 6, 4), pulse.Tally(NOON, 0, 0), pulse.Tally(NOON, 999, 1)], 1)
    bar = drawn.bars[2]
    assert bar.failed_y + bar.failed_height == pytest.approx(bar.sent_y)
    assert bar.sent_y + bar.sent_height == pytest.approx(drawn.floor)
    assert min(one.failed_y for one in drawn.bars) >= 0
    assert (drawn.bars[1].sent_height, drawn.top, drawn.middle) == (0, 1000, 500)


def test_the_operator_pauses_a_channel_and_lets_it_go_on(root):
    page = root.post(PAUSE, {"channel": "email", "do": "pause"}, follow=True).content.decode()
    assert "E-mail is paused." in page
    assert "by root" in page
    assert pauses.is_paused("email")
    root.post(PAUSE, {"channel": "email", "do": "pause"})
    assert Pause.objects.count() == 1
    assert (
        "E-mail goes on."
        in root.post(PAUSE, {"channel": "email", "do": "resume"}, follow=True).content.decode()
    )
    again = root.post(PAUSE, {"channel": "email", "do": "resume"}, follow=True).content.decode()
    assert "E-mail was not paused." in again


def test_everything_can_be_paused_and_is_said_first(root, client):
    root.post(PAUSE, {"do": "pause"})
    page = root.get(OVERVIEW).content.decode()
    assert "Everything is paused" in page
    assert page.count('value="resume"') == 1
    ours = client.get(OVERVIEW).content.decode()
    assert "Everything is paused" in ours
    assert "by root" not in ours
    root.post(PAUSE, {"do": "resume"})
    assert not pauses.paused()


def test_a_channel_that_is_none_is_not_paused(root):
    page = root.post(PAUSE, {"channel": "pigeon", "do": "pause"}, follow=True).content.decode()
    assert "pigeon" in page
    assert not Pause.objects.exists()


def test_a_channel_that_is_gone_can_still_go_on(root):
    pauses.pause("pigeon")
    root.post(PAUSE, {"channel": "pigeon", "do": "resume"})
    assert not Pause.objects.exists()


def test_an_organizations_keeper_sees_pauses_and_cannot_make_them(client):
    pauses.pause("email", by="root")
    assert PAUSE not in client.get(OVERVIEW).content.decode()
    assert client.post(PAUSE, {"channel": "email", "do": "resume"}).status_code == 403
    assert pauses.is_paused("email")


def test_the_overview_asks_a_fixed_number_of_questions(client, tried, django_assert_max_num_queries):
    tried(clock.now())
    with CaptureQueriesContext(connection) as one:
        client.get(OVERVIEW)
    overview._kept.clear()
    tried(*[clock.now()] * 9)
    with django_assert_max_num_queries(len(one)):
        client.get(OVERVIEW)
