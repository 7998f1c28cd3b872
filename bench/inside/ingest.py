"""The database behind the server that is measured: a token, an empty table, and how many events came."""

from __future__ import annotations

from bench.inside import people
from tocsin.events.models import Event
from tocsin.tenants.tokens import create_token


def prepare() -> str:
    """A token that may send events."""
    return create_token("bench", scopes=["events:write"])[1]


def empty() -> None:
    people.clear()


def count() -> int:
    return Event.objects.count()
