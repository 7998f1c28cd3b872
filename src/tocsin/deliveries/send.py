"""Sending: claim, judge, hand to the channel, record each outcome as it becomes known."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from functools import partial
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connections

from tocsin import conf
from tocsin.channels import http, registry
from tocsin.channels.outcomes import Cause, Later, Outcome, Rejected, Retry
from tocsin.deliveries import budgets, foreign, merge, pauses, rests
from tocsin.deliveries.answers import MAX_DETAIL, fit
from tocsin.deliveries.claim import Claimed, claim_deliveries, one_suspect
from tocsin.deliveries.gone import disable
from tocsin.deliveries.judge import Verdict
from tocsin.deliveries.prepare import look_around, prepare
from tocsin.deliveries.record import Result, record_patiently, renew
from tocsin.deliveries.results import not_now, of_outcome, of_verdict
from tocsin.deliveries.states import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.channels.base import Channel, Message
    from tocsin.recipients.models import Destination

logger = logging.getLogger("tocsin.deliveries")

FLUSH_SECONDS = 0.05
"""How long an outcome may wait for others to be written with it."""
FLUSH_ROWS = 1000
AHEAD_SECONDS = 0.25
"""A channel that keeps up has this much of its work claimed in advance."""
AHEAD_ROWS = 1000
DRY_SECONDS = 0.05
"""How long a claim that found nothing is believed, while a channel has slots free."""

_hands: set[Hand] = set()
_hands_lock = threading.Lock()


def deliver(
    channel: str,
    count: int,
    stop: threading.Event | None = None,
    tell: Callable[[Destination], None] | None = None,
) -> int:
    """Send what is due on a channel, at most `count` at a time. Returns how many deliveries were taken.

    `stop`, once set, ends the batch early: what was not handed over is released. `tell` is called with each
    destination that the far side says is gone, when it has been disabled.
    """
    if pauses.is_paused(channel) or channel in foreign.given_up():
        return 0
    hand = Hand(registry.carrier(channel), count, stop or threading.Event(), tell)
    with _hands_lock:
        _hands.add(hand)
    try:
        with http.sharing(rests.BOARD):
            hand.work()
    finally:
        with _hands_lock:
            _hands.discard(hand)
    return hand.taken


def renew_leases() -> None:
    """Prolong the leases of everything in hand in this process, and write outcomes that wait."""
    with _hands_lock:
        hands = list(_hands)
    for hand in hands:
        hand.flush()
        renew(hand.held(), conf.get("LEASE_SECONDS"))


def let_go() -> None:
    """Answer for everything in hand in this process, which ends without waiting for it any longer."""
    with _hands_lock:
        hands = list(_hands)
    for hand in hands:
        hand.let_go(patience=0.0)


class Hand:
    """What one thread has in hand of one channel; the Feed that the channel reads from."""

    def __init__(
        self,
        channel: Channel,
        count: int,
        stop: threading.Event,
        tell: Callable[[Destination], None] | None = None,
    ) -> None:
        self.channel = channel
        self.tell = tell
        self.count = count
        self.stop = stop
        self.taken = 0
        self._rows: dict[int, Claimed] = {}
        self._handed: set[int] = set()
        self._results: list[Result] = []
        self._unused: Counter[str] = Counter()
        self._flushed = 0.0
        self._lock = threading.Lock()
        self._first: list[Message] = []
        self._dry_until = 0.0
        self._joined = False
        self._ahead: deque[Message] = deque()
        self._answered, self._began, self._most_ahead = 0, time.monotonic(), max(count, AHEAD_ROWS)

    def work(self) -> None:
        """Claim, send, record; whatever the channel did not answer for is recorded as such."""
        alone = one_suspect.acquire(blocking=False)
        try:
            self._first = self._take(self.count, suspects=alone)
            if alone and not self._has_suspect():
                one_suspect.release()
                alone = False
            if self._first:
                for message, outcome in self._outcomes():
                    self._answer(message.delivery_id, fit(outcome, partial(self.channel.secrets_of, message)))
        except Exception:
            logger.exception("channel %s ended its batch with an error", self.channel.slug)
        finally:
            for message in self._ahead:
                self._answer(message.delivery_id, Later(Cause.BUSY, 0.0))
            self.let_go()
            if alone:
                one_suspect.release()

    def _outcomes(self) -> Iterator[tuple[Message, Outcome]]:
        if foreign.is_foreign(self.channel):
            return foreign.send_batch(self.channel, self)
        return self.channel.send_batch(self)

    def __iter__(self) -> Iterator[Message]:
        for message in self._first:
            if self.stop.is_set():
                return
            self._handed.add(message.delivery_id)
            yield message

    def more(self, free: int) -> list[Message]:
        """Claim up to `free` further messages; the channel may ask as often as it likes."""
        now = time.monotonic()
        if self._results and now - self._flushed > FLUSH_SECONDS:
            self.flush()
        if self.stop.is_set():
            return []
        if not self._ahead:
            self._ahead.extend(self._claim_more(free, now))
        found = [self._ahead.popleft() for _ in range(min(free, len(self._ahead)))]
        self._handed.update(message.delivery_id for message in found)
        return found

    def _claim_more(self, free: int, now: float) -> list[Message]:
        """As many as are free, or as will be within AHEAD_SECONDS at this channel's pace: few large claims."""
        if now < self._dry_until or self._has_suspect():
            return []
        free = max(
            free, min(self._most_ahead, int(self._answered / (now - self._began + 0.01) * AHEAD_SECONDS))
        )
        if self._joined:  # each of them takes others along
            free = min(free, self.count)
        is_free = budgets.of(self.channel.slug) is None
        self._dry_until = now + (DRY_SECONDS if is_free else budgets.DRY_SECONDS)
        taken = self.taken
        try:
            messages = [] if pauses.is_paused(self.channel.slug) else self._take(free)
        except (OperationalError, InterfaceError) as error:
            # Not raised into the channel: what it has under way arrives all the same, and is recorded.
            logger.warning("%s: the database is away (%s); nothing new is claimed", self.channel.slug, error)
            connections.close_all()
            return []
        if self.taken > taken:
            self._dry_until = 0.0
        return messages

    def let_go(self, patience: float | None = None) -> None:
        """Answer for what nobody else will: what was handed to the channel may have gone out."""
        with self._lock:
            left = [(pk, pk in self._handed or not self.stop.is_set()) for pk in self._rows]
        for pk, is_tried in left:
            self._answer(pk, Retry(Cause.UNFINISHED) if is_tried else Later(Cause.BUSY, 0.0))
        self.flush(patience)

    def held(self) -> list[tuple[int, int]]:
        """(id, fence) of all that is not answered yet."""
        with self._lock:
            return [(row.id, row.fence) for row in self._rows.values()]

    def _has_suspect(self) -> bool:
        with self._lock:
            return any(row.is_suspect for row in self._rows.values())

    def _take(self, count: int, *, suspects: bool = False) -> list[Message]:
        claimed = claim_deliveries(self.channel.slug, count, suspects=suspects)
        if not claimed:
            return []
        drawn = len(claimed)
        may_join = self.channel.joins and not self.channel.in_app
        joins = may_join and any(row.leads or row.was_put_off for row in claimed)
        self._joined = joins
        if joins:
            claimed += merge.gather(self.channel.slug, claimed)
        self.taken += len(claimed)
        with self._lock:
            self._rows |= {row.id: row for row in claimed}
        try:
            around = look_around(self.channel, claimed)
        except (OperationalError, InterfaceError):
            for row in claimed:
                self._answer(row.id, Later(Cause.BUSY, 0.0))
            self.flush()
            raise
        messages = []
        for row in claimed:
            made = prepare(self.channel, row, around)
            if isinstance(made, Verdict):
                self._note(row.id, of_verdict(row, made))
            else:
                messages.append(made)
        if joins:
            messages = self._join(messages)
        self.flush()
        return self._within_budgets(messages, drawn) if budgets.is_asked(self.channel) else messages

    def _within_budgets(self, messages: list[Message], drawn: int) -> list[Message]:
        """Those that may go now. The others go back, and so do tokens that the claim has taken in vain."""
        with self._lock:
            rows = dict(self._rows)
        messages = [message for message in messages if message.delivery_id in rows]
        try:
            waits = budgets.admit(self.channel, messages, rows)
        except (OperationalError, InterfaceError):
            for message in messages:
                self._answer(message.delivery_id, Later(Cause.BUSY, 0.0))
            raise
        for pk, seconds in waits.items():
            self._note(pk, not_now(rows[pk], Reason.BUDGET, seconds))
        going = [message for message in messages if message.delivery_id not in waits]
        with self._lock:
            self._unused[self.channel.slug] += drawn - len(going)
        self.flush()
        return going

    def _join(self, messages: list[Message]) -> list[Message]:
        joined = merge.join(self.channel, messages, self._rows)
        with self._lock:
            for pk in joined.carried:
                del self._rows[pk]
        for pk in joined.lost:
            self._answer(pk, Later(Cause.BUSY, 0.0))
        return joined.messages

    def _answer(self, pk: int, outcome: Outcome) -> None:
        self._answered += 1
        row = self._rows.get(pk)
        if row is None:
            logger.warning("channel %s answered twice for d%s; the first answer holds", self.channel.slug, pk)
            return
        if isinstance(outcome, Later):
            with self._lock:
                self._unused.update(row.drawn)
        self._note(pk, _worded(row, of_outcome(row, outcome)._replace(leads=row.leads)))
        if isinstance(outcome, Rejected) and outcome.disable_destination:
            disabled = disable(self.channel.slug, row, str(outcome.cause.label))
            if disabled is not None and self.tell is not None:
                self.tell(disabled)

    def _note(self, pk: int, result: Result) -> None:
        with self._lock:
            if self._rows.pop(pk, None) is None:
                return  # `let_go` was faster, in a process that is ending
            self._handed.discard(pk)
            self._results.append(result)
            full = len(self._results) >= FLUSH_ROWS or time.monotonic() - self._flushed > FLUSH_SECONDS
        if full:
            self.flush()

    def flush(self, patience: float | None = None) -> None:
        """Write the outcomes known so far; a database that is away is waited for, `patience` seconds at most."""
        with self._lock:
            results, self._results = self._results, []
            unused, self._unused = self._unused, Counter()
            self._flushed = time.monotonic()
        record_patiently(results, conf.get("LEASE_SECONDS") if patience is None else patience)
        budgets.give_back(unused)


def _worded(row: Claimed, result: Result) -> Result:
    """With the version that worded it, or why none did."""
    told = f"{result.detail} {row.fault}".strip()[:MAX_DETAIL]
    return result._replace(template_version=row.template_version, detail=told)
