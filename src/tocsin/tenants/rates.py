"""How much a token, an organization or a person may ask in a minute: buckets that refill, one row each, exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from tocsin import clock, conf
from tocsin.errors import TooSoon

if TYPE_CHECKING:
    from tocsin.tenants.scope import Scope

MINUTE = 60.0


class RateBucket(models.Model):
    """What is left of somebody's allowance, and when that was written."""

    key = models.CharField(max_length=100, primary_key=True)
    level = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("rate"), _("rates")

    def __str__(self) -> str:
        return self.key


def take(scope: Scope, number: int = 1) -> None:
    """Count `number` requests or events of who asks. Raises `TooSoon` with the seconds to wait; then none is counted.

    Without `RATE_LIMITS` this costs nothing. More than a whole allowance at once is let through where it is full, and
    owed.
    """
    limits = _limits_of(scope)
    if not limits or number < 1:
        return
    now = clock.now()
    with transaction.atomic(using=router.db_for_write(RateBucket)):
        fresh = [RateBucket(key=key, level=limit, at=now) for key, limit in limits.items()]
        RateBucket.objects.bulk_create(fresh, ignore_conflicts=True)
        rows = list(RateBucket.objects.select_for_update().filter(key__in=limits).order_by("key"))
        waits = []
        for row in rows:
            limit = limits[row.key]
            passed = max(0.0, (now - row.at).total_seconds())
            row.level, row.at = min(limit, row.level + passed * limit / MINUTE), now
            waits.append((min(number, limit) - row.level) * MINUTE / limit)
        if max(waits) > 1e-6:
            raise TooSoon("Too many requests.", max(waits))
        for row in rows:
            row.level -= number
        RateBucket.objects.bulk_update(rows, ["level", "at"])


def _limits_of(scope: Scope) -> dict[str, float]:
    given = conf.get("RATE_LIMITS")
    if not given:
        return {}
    owners = {
        "token": scope.token,
        "person": scope.user_id if scope.token is None else None,
        "organization": next(iter(scope.organizations)) if scope.token and scope.organizations else None,
    }
    return {
        f"{kind}:{owner}": float(given[kind])
        for kind, owner in owners.items()
        if owner is not None and kind in given
    }
