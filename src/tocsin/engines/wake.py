"""Waking other processes: PostgreSQL NOTIFY / LISTEN, SQLite's data_version, and a poll as fallback.

A wake-up may be lost or doubled without harm: rows are the truth.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from django.db import connections, router

from tocsin.engines.owed import Owed
from tocsin.events.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger("tocsin.engines")

INBOX = "inbox"
ANYTHING = "*"
"""The topic where it is only known that something was written."""
NAME = "tocsin"
POLL_SECONDS = 1.0
SQLITE_POLL_SECONDS = 0.1
QUIET_SECONDS = 0.02


def publish(topic: str) -> None:
    """Tell listeners in this and in other processes. Never raises; call it after the commit.

    A NOTIFY is a round trip, and wakes everybody who listens: other processes are told of one topic at most once in
    QUIET_SECONDS, at once, or by the waker when that is over.
    """
    listener.notify(topic)
    connection = connections[router.db_for_write(Event)]
    if connection.vendor == "postgresql" and waker.is_free(topic):
        _tell(connection, topic)


def _tell(connection: BaseDatabaseWrapper, topic: str) -> bool:
    """Whether it was sent. Whatever went wrong, the caller's own work is done and must not end by it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [NAME, topic])
        return True
    except Exception as error:
        logger.info("wake-up %r not sent (%s); the poll will find it", topic, error)
        return False


class Again:
    """Tells what came too soon, by the database connection of its thread."""

    def tell(self, topic: str) -> bool:
        if not _tell(connections[router.db_for_write(Event)], topic):
            connections.close_all()
        return True  # what follows may get through

    def close(self) -> None:
        connections.close_all()


waker = Owed("tocsin-waker", Again, quiet=QUIET_SECONDS)
os.register_at_fork(after_in_child=waker.forget)


class Listener:
    """Calls subscribers back, from a thread of its own, when another process may have written something."""

    def __init__(self) -> None:
        self._callbacks: set[Callable[[str], None]] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(topic)` called from now on; returns what ends it. The callback must not block."""
        with self._lock:
            self._callbacks.add(callback)
            if self._thread is None or not self._thread.is_alive():
                self._idle.clear()
                self._thread = threading.Thread(target=self._listen, name="tocsin-listener", daemon=True)
                self._thread.start()
        return lambda: self._unsubscribe(callback)

    def _unsubscribe(self, callback: Callable[[str], None]) -> None:
        with self._lock:
            self._callbacks.discard(callback)
            if not self._callbacks:
                self._idle.set()
                self._thread = None

    def notify(self, topic: str) -> None:
        """Call the subscribers of this process."""
        with self._lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback(topic)

    def _listen(self) -> None:
        idle = self._idle
        while not idle.is_set():
            connection = connections[router.db_for_write(Event)]
            try:
                connection.ensure_connection()
                if connection.vendor == "postgresql":
                    self._listen_postgresql(connection, idle)
                else:
                    self._watch_sqlite(connection, idle)
            except Exception as error:
                logger.warning("listening for wake-ups: %s; polling meanwhile", error)
                self.notify(ANYTHING)
                idle.wait(POLL_SECONDS)
            finally:
                connections.close_all()

    def _listen_postgresql(self, connection: BaseDatabaseWrapper, idle: threading.Event) -> None:
        raw: Any = connection.connection
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {NAME}")
        while not idle.is_set():
            heard = {notice.payload for notice in raw.notifies(timeout=POLL_SECONDS, stop_after=1)}
            for topic in heard or {ANYTHING}:
                self.notify(topic)

    def _watch_sqlite(self, connection: BaseDatabaseWrapper, idle: threading.Event) -> None:
        before = None
        while not idle.wait(SQLITE_POLL_SECONDS):
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA data_version")
                version = cursor.fetchone()
            if before is not None and version != before:
                self.notify(ANYTHING)
            before = version


listener = Listener()
