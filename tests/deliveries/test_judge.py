"""The last look before sending: each fact alone, and which of them decides when there are several."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.deliveries.judge import Facts, judge
from tocsin.deliveries.states import Reason, State

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FINE = Facts(now=NOW, event_state="planned", expires_at=None, mandatory=False, to_person=True)


def test_a_delivery_with_nothing_against_it_is_sent() -> None:
    assert judge(FINE) is None


@pytest.mark.parametrize(
    ("fact", "state", "reason"),
    [
        ({"event_state": None}, State.CANCELLED, Reason.EVENT_CANCELLED),
        ({"event_state": "cancelled"}, State.CANCELLED, Reason.EVENT_CANCELLED),
        ({"expires_at": NOW}, State.EXPIRED, Reason.EVENT_EXPIRED),
        ({"person_exists": False}, State.SKIPPED, Reason.RECIPIENT_GONE),
        ({"person_active": False}, State.SKIPPED, Reason.INACTIVE),
        ({"opted_out": True}, State.SKIPPED, Reason.OPTED_OUT),
        ({"dnd_until": NOW + timedelta(hours=1)}, State.DEFERRED, Reason.DO_NOT_DISTURB),
        ({"destination_known": False}, State.SKIPPED, Reason.DESTINATION_GONE),
        ({"destination_disabled": True}, State.SKIPPED, Reason.DESTINATION_DISABLED),
    ],
)
def test_each_fact_has_its_reason(fact, state, reason) -> None:
    verdict = judge(replace(FINE, **fact))
    assert verdict is not None
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_mandatory_type_passes_an_opt_out_and_nothing_else() -> None:
    assert judge(replace(FINE, opted_out=True, mandatory=True)) is None
    assert judge(replace(FINE, person_active=False, mandatory=True)) is not None


def test_an_event_that_expires_a_second_later_is_sent() -> None:
    assert judge(replace(FINE, expires_at=NOW + timedelta(seconds=1))) is None


def test_someone_whose_rest_is_over_is_told() -> None:
    assert judge(replace(FINE, dnd_until=NOW)) is None


def test_what_ends_it_for_good_comes_before_what_defers_it() -> None:
    verdict = judge(replace(FINE, dnd_until=NOW + timedelta(hours=1), opted_out=True))
    assert verdict is not None
    assert verdict.reason == Reason.OPTED_OUT


def test_personal_facts_do_not_matter_for_an_address_of_nobody() -> None:
    assert judge(replace(FINE, to_person=False, person_exists=False, opted_out=True)) is None
