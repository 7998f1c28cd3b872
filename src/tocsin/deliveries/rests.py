"""The board on which workers tell one another of far sides that rest: a row for each, by the database's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from tocsin import clock
from tocsin.channels.http import Told
from tocsin.deliveries.models import Rest

if TYPE_CHECKING:
    from collections.abc import Sequence

HALF_OPEN_SECONDS = 600.0
"""So long after its rest a circuit waits for somebody to probe it; then it is forgotten."""
MOST_READ = 4096
FIELDS = ("until", "backoff_seconds", "targets", "probe_until")


class RestBoard:
    """A `tocsin.channels.http.Board`."""

    def read(self) -> list[Told]:
        fresh = Q(until__gt=clock.DatabaseNow()) | Q(
            is_circuit=True, until__gt=clock.DatabaseNow(-HALF_OPEN_SECONDS)
        )
        found = Rest.objects.filter(fresh).annotate(now=clock.DatabaseNow()).order_by("-until")
        return [
            Told(
                rest.origin,
                rest.account,
                (rest.until - rest.now).total_seconds(),
                rest.backoff_seconds,
                tuple(rest.targets),
            )
            for rest in found[:MOST_READ]
        ]

    def tell(self, told: Sequence[Told]) -> None:
        """Write what rests, and drop what has long been over."""
        rows = [
            Rest(
                origin=one.origin,
                account=one.account,
                is_circuit=bool(one.backoff),
                until=clock.DatabaseNow(one.seconds),
                backoff_seconds=one.backoff,
                targets=list(one.targets),
            )
            for one in told
        ]
        Rest.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["origin", "account", "is_circuit"],
            update_fields=FIELDS,
        )
        Rest.objects.filter(until__lt=clock.DatabaseNow(-HALF_OPEN_SECONDS)).delete()

    def close(self, origin: str) -> None:
        Rest.objects.filter(origin=origin, is_circuit=True).delete()

    def may_probe(self, origin: str, seconds: float) -> bool:
        circuit = Rest.objects.filter(origin=origin, is_circuit=True)
        free = Q(probe_until=None) | Q(probe_until__lt=clock.DatabaseNow())
        taken = circuit.filter(free).update(probe_until=clock.DatabaseNow(seconds))
        return bool(taken) or not circuit.exists()


BOARD = RestBoard()
