"""Whether and when to try again. Pure: it is given everything it decides on."""

from __future__ import annotations

from dataclasses import dataclass

MAX_WISH_SECONDS = 86_400.0
"""The longest wait that a far side may ask for (Retry-After of ten years is somebody's bug)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The settings that decide; times in seconds. None: attempts do not count."""

    max_attempts: int | None
    give_up_after: float
    backoff: float
    cap: float


def wait_before_retry(
    policy: RetryPolicy, attempt: int, age: float, wish: float | None, chance: float
) -> float | None:
    """Seconds until the next attempt, or None to give up.

    `attempt` counts from 1, `age` is the delivery's in seconds, `wish` what the far side asked for,
    `chance` a random number from 0 to 1 (full jitter).
    """
    if (policy.max_attempts is not None and attempt >= policy.max_attempts) or age >= policy.give_up_after:
        return None
    wait = min(policy.cap, policy.backoff * 2.0 ** min(attempt - 1, 40)) * chance
    if wish is not None:
        wait = max(wait, min(max(wish, 0.0), MAX_WISH_SECONDS))
    return wait
