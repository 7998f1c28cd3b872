"""Budgets that all workers share: what a channel, a host or an account may be sent a second and at once.

A claim takes a channel's tokens in its own transaction. What a host or an account allows is asked when messages are
ready, for only then is it known where they go; who finds no token goes back in an orderly way, due when there will be
one.
"""

from __future__ import annotations

import contextlib
import logging
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.db.models import F
from django.db.models.functions import Least

from tocsin import clock, conf
from tocsin.channels.base import Channel
from tocsin.deliveries.allowance import Allowance, Bucket, Claimant, allowance_of
from tocsin.deliveries.models import Budget, Delivery
from tocsin.deliveries.states import Reason, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tocsin.channels.base import Message
    from tocsin.deliveries.claim import Claimed

logger = logging.getLogger("tocsin.deliveries")

DRY_SECONDS = 0.25
"""How long it is believed that there is nothing to claim, on a channel with a budget."""
LOST_SECONDS = 3600.0
"""Leases that ended longer ago are nobody's: they are not counted as in hand."""


@dataclass(slots=True)
class Draw:
    """What one claim of a channel may take, and what it took."""

    allowed: int
    taken: int = 0


def of(key: str) -> Allowance | None:
    """The budget of a channel's slug, or of a host."""
    given = conf.get("BUDGETS").get(key)
    return None if given is None else allowance_of(given)


@contextlib.contextmanager
def drawing(channel: str, limit: int) -> Iterator[Draw]:
    """What a claim of `limit` may take of a channel. Others wait until the block ends, and what was taken is counted.

    Without a budget nothing is asked.
    """
    allowance = of(channel)
    if allowance is None:
        yield Draw(limit)
        return
    with transaction.atomic(using=router.db_for_write(Budget)):
        [(row, bucket)] = _locked({channel: allowance})
        in_hand = 0 if allowance.at_once is None else _in_hand_on(channel)
        draw = Draw(int(min(limit, bucket.whole(), allowance.left_of(in_hand))))
        yield draw
        if draw.taken:
            bucket.take(draw.taken)
            _keep([(row, bucket)])


def is_asked(channel: Channel) -> bool:
    """Whether messages of a channel may need more tokens than its own."""
    return bool(conf.get("BUDGETS")) or type(channel).budget_of is not Channel.budget_of


def admit(channel: Channel, messages: list[Message], rows: Mapping[int, Claimed]) -> dict[int, float]:
    """Take these messages' tokens of hosts and accounts; by delivery, the seconds that others have to wait.

    Those took none at all.
    """
    own = (channel.slug,) if of(channel.slug) else ()
    asking: dict[str, list[Claimed]] = defaultdict(list)
    allowances: dict[str, Allowance] = {}
    for message in messages:
        row = rows[message.delivery_id]
        row.drawn = own
        settings = message.target.settings
        host = channel.host_of(settings)
        if host and (allowance := of(host)):
            asking[host].append(row)
            allowances[host], row.drawn = allowance, (*own, host)
        # An account's tokens are not drawn to be given back: what they allow is the next one's a moment later.
        if asked := channel.budget_of(settings):
            asking[asked[0]].append(row)
            allowances[asked[0]] = allowance_of(asked[1])
    if not asking:
        return {}
    with transaction.atomic(using=router.db_for_write(Budget)):
        buckets = _locked(allowances)
        waits = _seated(buckets, asking)
        _keep(buckets)
    return waits


def _seated(buckets: list[tuple[Any, Bucket]], asking: Mapping[str, list[Claimed]]) -> dict[int, float]:
    """Who has to wait, and how long. Who gets a token of one bucket and none of another gives the first back."""
    waits: dict[int, float] = {}
    for budget, bucket in buckets:
        budget.held = _holding(budget, bucket.allowance)
        left = [row for row in asking[budget.key] if row.id not in waits]
        claimants = map(_claimant, sorted(left, key=lambda row: (row.priority, row.id)))
        waits |= bucket.seat(claimants, bucket.allowance.left_of(len(budget.held)), random.random)
        asking[budget.key][:] = [row for row in left if row.id not in waits]
    for budget, bucket in buckets:
        going = [row for row in asking[budget.key] if row.id not in waits]
        bucket.take(len(going) - len(asking[budget.key]))
        if bucket.allowance.at_once is not None:
            budget.held |= {str(row.id): row.fence for row in going}
    return waits


def give_back(unused: Mapping[str, int]) -> None:
    """Return tokens that were taken in vain. A database that is away costs them, and nothing else."""
    try:
        for key, number in sorted(unused.items()):
            allowance = of(key)
            if number and allowance is not None and allowance.per_second is not None:
                Budget.objects.filter(key=key).update(tokens=Least(F("tokens") + number, allowance.burst))
    except (OperationalError, InterfaceError) as error:
        logger.warning(
            "the database is away (%s); what %s left of their budgets is lost", error, list(unused)
        )
        connections[router.db_for_write(Budget)].close()


def is_spent(channel: str) -> bool:
    """Whether what is due on a channel waits for its budget."""
    allowance = of(channel)
    if allowance is None:
        return False
    if allowance.at_once is not None and not allowance.left_of(_in_hand_on(channel)):
        return True
    row = Budget.objects.filter(key=channel).annotate(now=clock.DatabaseNow()).first()
    return row is not None and _refilled(row, allowance).whole() < 1


def _claimant(row: Claimed) -> Claimant:
    return Claimant(row.id, row.organization_id, row.priority, row.reason == Reason.BUDGET)


def _in_hand_on(channel: str) -> int:
    """How many deliveries of a channel all workers have in hand."""
    connection = connections[router.db_for_write(Delivery)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM tocsin_delivery WHERE channel = %s "  # noqa: S608
            f"AND state = '{State.SENDING}' AND lease_until > {clock.now_sql(connection, -LOST_SECONDS)}",
            [channel],
        )
        return int(cursor.fetchone()[0])


def _holding(row: Any, allowance: Allowance) -> dict[str, int]:
    """Who has a place still: what has ended, or was taken from its worker, has none."""
    if allowance.at_once is None or not row.held:
        return {}
    held = Delivery.objects.filter(pk__among=list(map(int, row.held)), state=State.SENDING)
    return {str(pk): fence for pk, fence in held.values_list("pk", "fence") if row.held[str(pk)] == fence}


def _locked(allowances: Mapping[str, Allowance]) -> list[tuple[Any, Bucket]]:
    """Buckets as they are now; nobody else has them before the transaction ends. Made full where there is none."""
    fresh = [
        Budget(key=key, tokens=allowance.burst if allowance.per_second else 0.0, at=clock.DatabaseNow())
        for key, allowance in sorted(allowances.items())
    ]
    Budget.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = Budget.objects.select_for_update().filter(key__in=allowances).annotate(now=clock.DatabaseNow())
    return [(row, _refilled(row, allowances[row.key])) for row in rows.order_by("key")]


def _refilled(row: Any, allowance: Allowance) -> Bucket:
    bucket = Bucket(allowance, row.tokens, row.line)
    bucket.refill((row.now - row.at).total_seconds())
    return bucket


def _keep(buckets: Iterable[tuple[Any, Bucket]]) -> None:
    for row, bucket in buckets:
        # Who waited for the lock was told the time before that: the clock of a bucket does not go back.
        row.tokens, row.line, row.at = bucket.tokens, bucket.line, max(row.at, row.now)
        row.save(update_fields=["tokens", "line", "held", "at"])
