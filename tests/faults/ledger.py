"""The database as the checker reads it: by plain SQL on a connection of its own, not by the code under test."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.deliveries.states import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator

UNFINISHED = ("waiting", "planning")


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery with what is known of its attempts, oldest first, as (outcome, cause)."""

    id: int
    key: str
    """The title of its event."""
    event: str
    channel: str
    label: str
    state: str
    reason: str
    claims: int
    attempts: tuple[tuple[str, str], ...]

    @property
    def lost_workers(self) -> int:
        return self.attempts.count(("unknown", "worker_lost"))


class Ledger:
    """Reads the tables at `url`, and writes none."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqlite = url.startswith("sqlite")

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        with self._connection() as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def one(self, sql: str) -> Any:
        """The first value of a SELECT."""
        return self.all(sql)[0][0]

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        if self._sqlite:
            connection: Any = sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=30)
        else:
            import psycopg

            connection = psycopg.connect(self._url, autocommit=True)
        with contextlib.closing(connection):
            yield connection

    def rows(self) -> list[Row]:
        """Every delivery."""
        attempts: dict[int, list[tuple[str, str]]] = {}
        for delivery, *tried in self.all(
            "SELECT delivery_id, outcome, cause FROM tocsin_attempt ORDER BY id"
        ):
            attempts.setdefault(delivery, []).append((tried[0], tried[1]))
        found = self.all("""
            SELECT d.id, e.title, e.id, d.channel, d.label, d.state, d.reason, d.claims
            FROM tocsin_delivery AS d JOIN tocsin_event AS e ON e.id = d.event_id
        """)
        return [
            Row(pk, title, str(uuid.UUID(str(event))), *rest, attempts=tuple(attempts.get(pk, ())))
            for pk, title, event, *rest in found
        ]

    def events(self) -> dict[str, tuple[str, str, str]]:
        """(state, reason, detail) of each event by title."""
        return {title: (state, reason, detail) for title, state, reason, detail in self.all(
            "SELECT title, state, reason, detail FROM tocsin_event")}  # fmt: skip

    def unfinished(self) -> int:
        """Deliveries and events that are still on their way."""
        final = ", ".join(f"'{state}'" for state in FINAL)
        live = ", ".join(f"'{state}'" for state in UNFINISHED)
        return int(self.one(
            f"SELECT (SELECT count(*) FROM tocsin_delivery WHERE state NOT IN ({final}))"
            f" + (SELECT count(*) FROM tocsin_event WHERE state IN ({live}))"
        ))  # fmt: skip

    def summary(self) -> str:
        """How many events and deliveries are in which state, for messages of failure."""
        events = self.all("SELECT state, claims, count(*) FROM tocsin_event GROUP BY state, claims")
        rows = self.all("SELECT channel, state, claims, count(*) FROM tocsin_delivery GROUP BY 1, 2, 3")
        return f"events {events}, deliveries {rows}"
