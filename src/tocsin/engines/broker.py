"""Hints by way of a broker: the side that gives them. Rows are the truth; a hint that is lost costs a sweep.

A thread of its own sends them: a broker that is away, or slow, never holds up whoever commits.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from tocsin import conf
from tocsin.engines.owed import Owed
from tocsin.errors import FieldError

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger("tocsin.engines")
_away = threading.Event()
"""Whether the broker did not answer last time: said once."""

TASK = "tocsin.work"
OWN_APP = "tocsin.engines.celery_app.app"
QUIET_SECONDS = 0.05
"""A process hints at a channel at most so often."""
MOST_WAITING = 64
"""Hints in a queue after which a further one would tell nobody anything."""
AWAY_SECONDS = 1.0
"""How long nothing is sent after a broker did not answer; the sweep hints meanwhile."""
CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 4.0
ANSWER_OPTIONS = dict.fromkeys(
    ("read_timeout", "write_timeout", "socket_timeout", "socket_connect_timeout"), ANSWER_SECONDS
)
"""As RabbitMQ's and Redis's clients call it: a broker that falls silent must not hold the hints for ever."""


def queue_name(channel: str) -> str:
    """The queue of a channel, or of "plan": each has its own, so that its workers can be counted by themselves."""
    return f"tocsin.{channel}"


def queue(channel: str) -> Any:
    """The kombu Queue of a channel: durable, and replicated where the broker is RabbitMQ."""
    from kombu import Queue

    name = queue_name(channel)
    return Queue(name, routing_key=name, durable=True, queue_arguments={"x-queue-type": "quorum"})


def hint(channel: str) -> None:
    """Say that a channel has work. Never waits, never raises."""
    _owed.add(channel)


def app() -> Celery:
    """The Celery app that hints go by: the host's own where the settings name one, else tocsin's.

    By name, not Celery's "current" app: that one differs between threads.
    """
    found: Celery = import_string(conf.get("CELERY_APP") or OWN_APP)
    return found


def problems() -> list[FieldError]:
    """What keeps hints from going out, for the system checks."""
    field, named = "TOCSIN['CELERY_APP']", conf.get("CELERY_APP")
    if not named and not conf.get("BROKER_URL"):
        told = "is empty, and the engine is celery."
        return [FieldError(field, told, "Name your Celery app, or set BROKER_URL to use tocsin's.")]
    remedy = "Give the dotted path of the app, such as shop.celery.app."
    try:
        found = app()
    except ImportError as error:
        if error.name and error.name.partition(".")[0] in ("celery", "kombu"):
            told = f"is celery, and there is no module {error.name!r}."
            return [FieldError("TOCSIN['ENGINE']", told, 'Run: pip install "tocsin[celery]"')]
        return [FieldError(field, f"is {named!r}, which cannot be loaded: {error}.", remedy)]
    if not hasattr(found, "send_task"):
        return [FieldError(field, f"is {named!r}, which is no Celery app.", remedy)]
    return []


def away(seconds: float) -> str:
    """Why the broker cannot be reached, in words without secrets; "" where it answers.

    Returns after `seconds` whatever the broker does: not every transport heeds a timeout of its own.
    """
    told = [f"did not answer within {seconds:g} s"]

    def look() -> None:
        told[0] = _refusal(seconds)

    one = threading.Thread(target=look, name="tocsin-broker-check", daemon=True)
    one.start()
    one.join(seconds)
    return told[0]


def _refusal(seconds: float) -> str:
    try:
        with app().connection_for_write(connect_timeout=seconds) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=seconds)
            connection.channel().close()  # on Redis nothing is asked before
    except Exception as error:  # kombu's transports raise errors of their own kinds
        return f"{type(error).__name__}: {error}"
    return ""


def place() -> str:
    """Where the broker is, without its password."""
    found: str = app().connection_for_write().as_uri()
    return found


class Line:
    """A connection to the broker, made when it is first needed."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._producer: Any = None

    def tell(self, channel: str) -> bool:
        """Put a hint into the channel's queue, unless enough wait there. False where the broker is away."""
        try:
            self._put(channel)
        except Exception as error:  # kombu's transports raise errors of their own kinds
            self.close()
            if not _away.is_set():
                logger.warning("the broker takes no hints (%s: %s); the sweep does their work",
                               type(error).__name__, error)  # fmt: skip
            _away.set()
            return False
        if _away.is_set():
            logger.info("the broker takes hints again")
            _away.clear()
        return True

    def close(self) -> None:
        """Drop the connection."""
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.release()

    def _put(self, channel: str) -> None:
        celery = app()
        if self._connection is None:
            self._connection = celery.connection_for_write(
                connect_timeout=CONNECT_SECONDS, transport_options=ANSWER_OPTIONS
            )
            self._connection.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
            self._producer = celery.amqp.Producer(self._connection, auto_declare=False)
        # Declared each time: whoever deletes the queues loses what was in them, and no more than that.
        wanted = queue(channel)
        found = wanted(self._producer.channel).queue_declare()
        if found.message_count >= MOST_WAITING:
            return
        celery.send_task(
            TASK,
            args=[channel],
            producer=self._producer,
            queue=wanted,
            serializer="json",
            ignore_result=True,
            retry=False,
        )


_owed = Owed("tocsin-hints", Line, quiet=QUIET_SECONDS, away=AWAY_SECONDS)
os.register_at_fork(after_in_child=_owed.forget)
