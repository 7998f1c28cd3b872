"""Rate limits: exact under parallel calls, of tokens, organizations and people, in both lanes, refilled in time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from tests.api.conftest import DRILL
from tocsin.errors import TooSoon
from tocsin.events.models import Event
from tocsin.tenants import rates
from tocsin.tenants.rates import RateBucket
from tocsin.tenants.scope import OPERATOR, Scope
from tocsin.testing import frozen

NOW = datetime(2037, 1, 1, tzinfo=UTC)


@pytest.fixture
def limit(settings):
    def change(**given) -> None:
        settings.TOCSIN = {**settings.TOCSIN, "RATE_LIMITS": given}

    return change


@pytest.mark.django_db
def test_a_token_is_held_to_its_limit_and_others_are_not(acme, bearer, limit) -> None:
    limit(token=3)
    other = bearer("acme", "events:write", "events:read")
    statuses = [acme.get("/channels").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = acme.get("/channels")
    assert 0 < int(refused["Retry-After"]) <= 20
    assert refused.json()["type"].endswith("too-many-requests")
    assert other.get("/channels").status_code == 200


@pytest.mark.django_db
def test_each_event_of_a_list_counts(acme, limit) -> None:
    limit(token=10)
    assert acme.post("/events", [DRILL] * 8).status_code == 202
    assert acme.post("/events", [DRILL] * 8).status_code == 429
    assert Event.objects.count() == 8


@pytest.mark.django_db
def test_an_organization_is_held_to_its_own(acme, bearer, rival, limit) -> None:
    limit(organization=2)
    other = bearer("acme", "events:read")
    assert [one.get("/channels").status_code for one in (acme, other, acme)] == [200, 200, 429]
    assert rival.get("/channels").status_code == 200


@pytest.mark.django_db
def test_people_are_held_to_theirs(signed_in, acme, limit) -> None:
    limit(person=1)
    ana = signed_in("ana")
    assert [ana.get("/inbox/count").status_code for _ in range(2)] == [200, 429]
    assert acme.get("/channels").status_code == 200


@pytest.mark.django_db
def test_it_refills_with_time_and_never_above_the_limit(limit) -> None:
    limit(token=60)
    scope = Scope(frozenset({1}), token=7)
    with frozen(NOW):
        rates.take(scope, 60)
        with pytest.raises(TooSoon) as refused:
            rates.take(scope)
        assert refused.value.seconds == pytest.approx(1.0)
    with frozen(NOW + timedelta(seconds=5)):
        rates.take(scope, 5)
        with pytest.raises(TooSoon):
            rates.take(scope)
    with frozen(NOW + timedelta(days=9)):
        rates.take(scope, 60)
        with pytest.raises(TooSoon):
            rates.take(scope)
    with frozen(NOW + timedelta(days=8)), pytest.raises(TooSoon):  # a clock that was set back gives nothing
        rates.take(scope)


@pytest.mark.django_db
def test_more_than_a_whole_allowance_is_let_through_once_and_owed(limit) -> None:
    limit(token=60)
    scope = Scope(frozenset({1}), token=7)
    with frozen(NOW):
        rates.take(scope, 120)
    with frozen(NOW + timedelta(seconds=60)), pytest.raises(TooSoon):
        rates.take(scope)
    with frozen(NOW + timedelta(seconds=62)):
        rates.take(scope)


@pytest.mark.django_db
def test_without_limits_nothing_is_asked(django_assert_num_queries, limit) -> None:
    with django_assert_num_queries(0):
        rates.take(Scope(frozenset({1}), token=7), 100)
    limit(organization=1)
    with django_assert_num_queries(0):
        rates.take(OPERATOR, 100)


@pytest.mark.django_db
def test_what_is_refused_is_not_counted_of_any(limit) -> None:
    limit(token=5, organization=1)
    scope = Scope(frozenset({1}), token=7)
    with frozen(NOW):
        rates.take(scope)
        for _ in range(3):
            with pytest.raises(TooSoon):
                rates.take(scope)
        assert RateBucket.objects.get(key="token:7").level == 4


@pytest.mark.django_db(transaction=True)
def test_it_is_exact_however_many_ask_at_once(limit) -> None:
    limit(token=20)
    scope = Scope(frozenset({1}), token=7)
    taken: list[int] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait(20)
        for _ in range(10):
            try:
                rates.take(scope)
                taken.append(1)
            except TooSoon:
                pass
        connections.close_all()

    with frozen(NOW):
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(taken) == 20
    assert connection.vendor


@pytest.mark.parametrize("given", [[], {"user": 3}, {"token": 0}, {"token": "many"}, {"token": True}])
def test_limits_that_cannot_be_are_errors_at_start(settings, given) -> None:
    from tocsin import conf

    settings.TOCSIN = {"RATE_LIMITS": given}
    assert [problem.field for problem in conf.problems()] == ["TOCSIN['RATE_LIMITS']"]
