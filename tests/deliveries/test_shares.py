"""One organization's flood does not hold up another's message: each has its part of every claim."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tocsin
from tocsin import pipeline
from tocsin.deliveries.claim import claim_deliveries, claim_events
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.shares import Crowds, divide
from tocsin.events.models import Event
from tocsin.tenants.models import Organization

pytestmark = pytest.mark.django_db

FLOOD = 60


@pytest.fixture(autouse=True)
def _first_claim(monkeypatch):
    """A process that has claimed nothing yet."""
    monkeypatch.setattr("tocsin.deliveries.claim._crowds", Crowds())


@pytest.fixture
def send():
    """Sends so many messages of an organization, which is made where it is missing."""

    def send(organization: str, count: int = 1, level: str = "info") -> None:
        Organization.objects.get_or_create(slug=organization)
        drafts = [
            [pipeline.parse({"type": "message:internal", "title": f"{organization} {number}", "level": level,
                             "to": [f"memory:{organization}"], "organization": organization})]
            for number in range(count)
        ]  # fmt: skip
        pipeline.accept_group(drafts)

    return send


def plan() -> None:
    while pipeline.run("plan", 200):
        pass


def claimed(limit: int) -> list[str]:
    """Whose deliveries one more claim takes."""
    slugs = dict(Organization.objects.values_list("pk", "slug"))
    return [slugs[row.organization_id] for row in claim_deliveries("memory", limit)]


def test_a_flood_leaves_room_for_a_single_message(send) -> None:
    send("flood", FLOOD)
    send("quiet")
    plan()
    assert claimed(10) == ["flood"] * 10  # nobody can know yet that there is more than one claim's worth
    assert claimed(10).count("quiet") == 1


def test_organizations_share_each_claim(send) -> None:
    for organization in ("a", "b", "c"):
        send(organization, FLOOD)
    plan()
    claimed(12)
    taken = claimed(12)
    assert {one: taken.count(one) for one in "abc"} == {"a": 4, "b": 4, "c": 4}


def test_what_one_does_not_need_others_get(send) -> None:
    send("a", FLOOD)
    send("b", 2)
    plan()
    claimed(5)
    taken = claimed(20)
    assert (taken.count("a"), taken.count("b")) == (18, 2)


@pytest.mark.parametrize("limit", [1, 2])
def test_small_claims_go_round(send, limit) -> None:
    for organization in "abcde":
        send(organization, FLOOD)
    plan()
    claimed(limit)
    assert sorted(one for _ in range(5) for one in claimed(limit)) == sorted("abcde" * limit)


def test_a_flood_of_grave_messages_holds_up_nobody_either(send) -> None:
    send("quiet", level="info")
    send("flood", FLOOD, level="critical")
    plan()
    claimed(10)
    assert claimed(10).count("quiet") == 1


def test_ones_own_gravest_go_first(send) -> None:
    send("a", FLOOD)
    send("a", 3, level="critical")
    send("b", FLOOD)
    plan()
    claimed(1)
    key = Organization.objects.get(slug="a").pk
    [own] = [row for row in claim_deliveries("memory", 2) if row.organization_id == key]
    assert own.priority == 0


def test_what_is_not_due_yet_makes_nobody_wait(send) -> None:
    send("later", FLOOD)
    send("now", FLOOD)
    plan()
    organization = Organization.objects.get(slug="later")
    Delivery.objects.filter(organization=organization).update(due_at="2100-01-01T00:00:00Z")
    claimed(5)
    assert claimed(20) == ["now"] * 20


def test_events_are_planned_in_fair_shares_too(send) -> None:
    send("flood", FLOOD)
    send("quiet")
    claim_events(10)
    taken = claim_events(10)
    assert "quiet" in {event.organization.slug for event in taken}


def test_everything_is_taken_once_and_in_the_end_all_of_it(send) -> None:
    for number in range(7):
        send(f"o{number}", 5 + number)
    plan()
    total = Delivery.objects.count()
    seen: list[int] = []
    while rows := claim_deliveries("memory", 9):
        seen += [row.id for row in rows]
    assert len(seen) == len(set(seen)) == total


def test_nothing_is_asked_while_everything_fits_into_a_claim(send, django_assert_num_queries) -> None:
    send("a", 3)
    send("b", 3)
    plan()
    claimed(10)
    with django_assert_num_queries(3):  # a transaction, and the probe of what is due
        assert claim_deliveries("memory", 10) == []


def test_who_was_alone_makes_room_at_the_next_claim(send) -> None:
    send("a", FLOOD)
    plan()
    assert claimed(5) == claimed(5) == ["a"] * 5
    send("quiet")
    plan()
    assert claimed(5).count("quiet") == 1


def test_a_division_gives_away_no_more_than_there_is_room_for() -> None:
    counts = {(1, 0): 2, (1, 30): 9, (2, 30): 9, (3, 30): 9}
    assert [tuple(one) for one in divide([1, 2, 3], counts, 4, 10)] == [
        (1, 0, 2),
        (1, 30, 2),
        (2, 30, 4),
        (3, 30, 2),
    ]


def test_an_event_sent_by_the_public_door_is_counted_like_any_other(send, person) -> None:
    person("ana")
    send("flood", FLOOD)
    tocsin.notify("message:internal", title="mine", to=["user:ana"], channel="memory")
    plan()
    claimed(10)
    mine = Event.objects.get(title="mine").pk
    assert mine in {row.event_id for row in claim_deliveries("memory", 10)}


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("table", ["tocsin_event", "tocsin_delivery"])
def test_a_share_is_found_whatever_the_database_believes_to_wait(send, table) -> None:
    """Statistics of a quiet hour say that next to nothing waits: then PostgreSQL thinks any index good enough."""
    for organization in ("a", "b"):
        send(organization, FLOOD)
    plan()
    while pipeline.run("memory", 500):
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tocsin_event, tocsin_delivery")
    send("a", FLOOD * 20)
    send("b", FLOOD)
    if table == "tocsin_delivery":
        plan()
    claim = claim_events if table == "tocsin_event" else partial(claim_deliveries, "memory")
    claim(20)
    with CaptureQueriesContext(connection) as seen:
        assert len(claim(20)) == 20
    looks = [
        query["sql"] for query in seen if f"{table}" in query["sql"] and "organization_id" in query["sql"]
    ]
    with connection.cursor() as cursor:
        for sql in looks:
            cursor.execute(f"EXPLAIN {sql}")
            lines = "\n".join(row[0] for row in cursor.fetchall())
            assert f"{table}_due" not in lines, lines
            assert "hashed" not in lines, lines
            assert f"{table}_share" in lines or "organization_id" not in sql.partition("WHERE")[2], lines
    assert len(looks) >= 3


class Rested(threading.Event):
    """Takes down how long somebody would have waited for it."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return False


def rested(events: int, count: int) -> list[float]:
    """For how long planning rests after a batch of `count`, of so many events that are due."""
    stop = Rested()
    assert pipeline.run("plan", count, stop) == min(events, count)
    return stop.seconds


@pytest.mark.only_on("postgresql")
def test_planning_rests_while_those_who_send_are_behind(send, monkeypatch) -> None:
    """They share one processor: what it plans next would only wait for them."""
    monkeypatch.setattr("tocsin.deliveries.shares.MANY", 20)
    send("a", FLOOD)
    plan()
    send("b", 7)
    claimed(5)  # of a few that were asked for
    assert rested(7, 2) == []
    claimed(20)
    [seconds] = rested(5, 2)
    assert 0.0 < seconds <= 0.25
    assert rested(3, 200) == []  # nothing more is to be planned
    claimed(2 * FLOOD)
    send("b", 3)
    assert rested(3, 2) == []


@pytest.mark.only_on("sqlite")
def test_planning_rests_where_one_writes_at_a_time(send) -> None:
    """Those who send wait for the lock asleep, and would find it taken again and again."""
    send("a", 3)
    [seconds] = rested(3, 2)
    assert 0.0 < seconds <= 0.25
    assert rested(1, 2) == []
