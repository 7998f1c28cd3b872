"""Sealing all secrets anew with the newest key, so that an old key can be thrown away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.deliveries.models import Delivery
from tocsin.recipients import secrets
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from django.db.models import Manager

CHUNK = 500


@dataclass(slots=True)
class Rotated:
    """What `rotate` did."""

    seen: int = 0
    resealed: int = 0
    unreadable: list[str] = field(default_factory=list)
    """The rows that none of today's keys opens."""


def rotate() -> Rotated:
    """Seal what is not sealed with the newest key. May be interrupted and run again, and run beside workers."""
    done = Rotated()
    _rotate(done, "destination ", Destination.objects, "secrets")
    _rotate(done, "d", Delivery.objects, "address")
    return done


def _rotate(done: Rotated, name: str, rows: Manager[Any], column: str) -> None:
    last = 0
    while chunk := list(
        rows.filter(pk__gt=last, **{f"{column}__gt": ""}).order_by("pk").values_list("pk", column)[:CHUNK]
    ):
        for pk, sealed in chunk:
            try:
                anew = secrets.reseal(sealed)
            except secrets.SecretUnreadable:
                done.unreadable.append(f"{name}{pk}")
                continue
            # Only if it is still the same: what was saved meanwhile has the newest key already.
            if anew != sealed:
                done.resealed += rows.filter(pk=pk, **{column: sealed}).update(**{column: anew})
        done.seen += len(chunk)
        last = chunk[-1][0]
