"""When to try again: pure, so that hours pass in no time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.deliveries.retry import RetryPolicy, wait_before_retry

POLICY = RetryPolicy(max_attempts=12, give_up_after=72 * 3600, backoff=5, cap=3600)


@pytest.mark.parametrize(("attempt", "longest"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600)])
def test_the_wait_doubles_up_to_the_cap(attempt, longest) -> None:
    assert wait_before_retry(POLICY, attempt, 0, None, 1.0) == longest


@pytest.mark.parametrize(("attempt", "age"), [(12, 0), (13, 0), (1, 72 * 3600)])
def test_it_gives_up_by_count_and_by_age(attempt, age) -> None:
    assert wait_before_retry(POLICY, attempt, age, None, 0.5) is None


@pytest.mark.parametrize(("wish", "wait"), [(30, 30), (0, 2.5), (-5, 2.5), (10 * 365 * 86400, 86_400)])
def test_the_far_sides_wish_is_honoured_within_reason(wish, wait) -> None:
    assert wait_before_retry(POLICY, 1, 0, wish, 0.5) == wait


@given(st.integers(1, 11), st.floats(0, 72 * 3600 - 1), st.none() | st.floats(-1e9, 1e9), st.floats(0, 1))
def test_a_wait_is_never_negative_nor_longer_than_a_day(attempt, age, wish, chance) -> None:
    wait = wait_before_retry(POLICY, attempt, age, wish, chance)
    assert wait is not None
    assert 0 <= wait <= 86_400
