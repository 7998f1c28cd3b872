"""Buckets refill with time and no further; who finds none is told when to come again."""

from __future__ import annotations

import math
from itertools import count

import pytest

from tocsin.deliveries.allowance import LONGEST, Allowance, Bucket, Claimant, allowance_of

numbers = count(1)


def some(number: int, organization: int = 1, priority: int = 30, *, waited: bool = False) -> list[Claimant]:
    return [Claimant(next(numbers), organization, priority, waited) for _ in range(number)]


def bucket(tokens: float = 0.0, rate: float | None = 5.0, burst: float = 5.0) -> Bucket:
    return Bucket(Allowance(rate, burst), tokens)


def seated(bucket: Bucket, claimants, places: float = math.inf, chance: float = 0.5) -> list[float]:
    """How long each of them has to wait; 0 where it need not."""
    claimants = list(claimants)
    waits = bucket.seat(claimants, places, lambda: chance)
    return [round(waits.get(one.id, 0.0), 3) for one in claimants]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"per_second": 50}, Allowance(50, 50.0, None)),
        ({"per_second": 0.2}, Allowance(0.2, 1.0, None)),
        ({"per_second": 5, "burst": 20}, Allowance(5, 20.0, None)),
        ({"at_once": 3}, Allowance(None, math.inf, 3)),
    ],
)
def test_the_burst_is_one_seconds_worth_unless_it_is_given(given, expected) -> None:
    assert allowance_of(given) == expected


def test_a_bucket_fills_up_to_its_burst() -> None:
    one = bucket()
    one.refill(0.3)
    assert one.whole() == 1
    one.refill(60.0)
    assert one.whole() == 5


def test_a_slow_budget_gives_one_token_after_its_time() -> None:
    one = bucket(rate=0.2, burst=1.0)
    one.refill(4.9)
    assert one.whole() == 0
    one.refill(0.1)
    assert one.whole() == 1


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    one = bucket(tokens=2.0)
    one.refill(-10.0)
    assert one.whole() == 2


def test_what_is_owed_is_paid_before_anything_goes() -> None:
    one = bucket(tokens=1.0)
    one.take(3)
    assert one.whole() == 0
    one.refill(0.4)
    assert one.whole() == 0
    one.refill(0.2)
    assert one.whole() == 1


def test_who_finds_no_token_is_spread_over_those_to_come() -> None:
    assert seated(bucket(tokens=2.0), some(5)) == [0.0, 0.0, 0.2, 0.4, 0.6]


def test_who_comes_later_stands_behind() -> None:
    one = bucket()
    seated(one, some(10))
    one.refill(1.0)
    assert seated(one, some(2), places=0) == [1.2, 1.4]


def test_a_token_is_for_those_who_waited_before_those_who_come() -> None:
    one = bucket()
    seated(one, some(10))
    one.refill(0.2)
    fresh, waiting = some(1), some(1, waited=True)
    assert seated(one, [*fresh, *waiting]) == [2.0, 0.0]


def test_a_full_bucket_is_for_everybody() -> None:
    one = bucket()
    seated(one, some(10))
    one.tokens = 5.0
    assert seated(one, some(2)) == [0.0, 0.0]


def test_a_grave_one_does_not_wait_behind_ten_thousand() -> None:
    one = bucket()
    seated(one, some(10_000))
    assert seated(one, some(1, priority=0)) == [0.2]


def test_a_single_one_of_another_organization_does_not_either() -> None:
    one = bucket()
    seated(one, some(10_000))
    assert seated(one, some(1, organization=2)) == [0.4]


def test_who_is_less_grave_stands_behind_the_graver_ones() -> None:
    one = bucket()
    seated(one, some(5, priority=0))
    assert seated(one, some(1)) == [1.2]


def test_who_waited_in_vain_is_put_anywhere_in_the_line() -> None:
    one = bucket()
    seated(one, some(50))
    assert seated(one, some(1, waited=True), chance=0.25) == [2.55]
    assert seated(one, some(1, waited=True), chance=0.0) == [0.2]


def test_nobody_waits_longer_than_the_longest() -> None:
    one = bucket(rate=0.01, burst=1.0)
    assert max(seated(one, some(100), chance=1.0)) == LONGEST
    assert one.line == {"1:30": LONGEST}


def test_places_are_a_limit_of_their_own() -> None:
    assert seated(bucket(tokens=5.0), some(3), places=1) == [0.0, 0.2, 0.4]
    assert seated(Bucket(Allowance(None, math.inf, 2), 0.0), some(4), places=2) == [0.0, 0.0, 0.5, 1.0]


def test_lines_that_are_over_are_forgotten() -> None:
    one = bucket()
    seated(one, some(3))
    one.refill(10.0)
    assert one.line == {}
