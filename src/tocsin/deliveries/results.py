"""What becomes of a delivery that was in hand: a verdict, or a channel's outcome, as the result that is recorded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tocsin import clock, conf
from tocsin.channels.outcomes import Cause, Later, Moot, Outcome, Rejected, Retry, Sent
from tocsin.deliveries.record import Result
from tocsin.deliveries.retry import RetryPolicy, wait_before_retry
from tocsin.deliveries.states import AttemptOutcome, Reason, State

if TYPE_CHECKING:
    from tocsin.deliveries.claim import Claimed
    from tocsin.deliveries.judge import Verdict


def of_verdict(row: Claimed, verdict: Verdict) -> Result:
    """What a last look decided."""
    wait = max(0.0, (verdict.until - clock.now()).total_seconds()) if verdict.until else None
    return Result(row.id, row.fence, verdict.state, verdict.reason, wait=wait, tried=False)


def of_outcome(row: Claimed, outcome: Outcome) -> Result:
    """What a channel answered."""
    match outcome:
        case Sent(provider_id):
            reason = Reason(row.reason) if row.was_put_off else Reason.NONE
            return Result(row.id, row.fence, State.SENT, reason,
                          outcome=AttemptOutcome.SENT, provider_id=provider_id)  # fmt: skip
        case Later(Cause.HOST_RESTS as cause, _) if row.age >= conf.get("GIVE_UP_HOURS") * 3600.0:
            # Behind a dead host only probes are tried: what waits for it must not wait for ever.
            return Result(row.id, row.fence, State.DEAD, Reason.GAVE_UP,
                          outcome=AttemptOutcome.RETRY, cause=cause)  # fmt: skip
        case Moot():
            return Result(row.id, row.fence, State.SKIPPED, Reason.NOTHING_OPEN, tried=False)
        case Later(cause, after):
            reason = Reason.RETRY if row.attempt > 1 else Reason.NONE
            return not_now(row, Reason.HOST_RESTS if cause == Cause.HOST_RESTS else reason, after)
        case Rejected(cause, detail):
            return Result(row.id, row.fence, State.DEAD, Reason.REJECTED,
                          outcome=AttemptOutcome.REJECTED, cause=cause, detail=detail)  # fmt: skip
        case Retry(cause, detail, after):
            wait = wait_before_retry(
                _policy(cause),
                row.attempt,
                row.age,
                after,
                random.random(),  # noqa: S311
            )
            state, reason = (State.DEAD, Reason.GAVE_UP) if wait is None else (State.RETRYING, Reason.RETRY)
            return Result(row.id, row.fence, state, reason, wait=wait,
                          outcome=AttemptOutcome.RETRY, cause=cause, detail=detail)  # fmt: skip


def not_now(row: Claimed, reason: Reason, seconds: float) -> Result:
    """Back as if it had never been claimed, due in so many seconds."""
    state = State.RETRYING if row.attempt > 1 else State.PENDING
    return Result(row.id, row.fence, state, reason, wait=seconds, tried=False)


def _policy(cause: Cause) -> RetryPolicy:
    """Who is asked to slow down is not given up for it by count, only by age."""
    return RetryPolicy(
        max_attempts=None if cause == Cause.THROTTLED else conf.get("MAX_ATTEMPTS"),
        give_up_after=conf.get("GIVE_UP_HOURS") * 3600.0,
        backoff=conf.get("BACKOFF_SECONDS"),
        cap=conf.get("BACKOFF_CAP_SECONDS"),
    )
