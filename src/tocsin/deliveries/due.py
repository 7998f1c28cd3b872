"""What is due of all organizations, by the partial indexes of gravity, whatever waits for later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, router

from tocsin import clock
from tocsin.channels import registry
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import READY
from tocsin.events.models import OF_ALL, Event
from tocsin.events.states import EventState
from tocsin.levels import PRIORITIES

if TYPE_CHECKING:
    from django.db.models import QuerySet

PLAN = "plan"
OF_ALL_SQL = "fence >= 0"
"""`events.models.OF_ALL`, which those indexes ask for."""
OF_CHANNEL = "channel = %s AND state IN ({})".format(", ".join(f"'{state}'" for state in READY))
"""Deliveries of a channel that are to be sent, in SQL."""


def ready_deliveries(channel: str) -> QuerySet[Delivery]:
    """The deliveries of a channel that are to be sent, now or later."""
    found: QuerySet[Delivery] = Delivery.objects.filter(OF_ALL, channel=channel, state__in=READY)
    return found


def waiting_events() -> QuerySet[Event]:
    """The events that are to be planned, now or later."""
    found: QuerySet[Event] = Event.objects.filter(OF_ALL, state=EventState.WAITING)
    return found


def channels_with_work() -> set[str]:
    """The slugs of channels with due deliveries, and "plan" where events are due."""
    connection = connections[router.db_for_write(Delivery)]
    now = clock.now_sql(connection)
    probes, params = [], []
    for priority in PRIORITIES:
        probes.append(
            f"SELECT '{PLAN}' WHERE EXISTS (SELECT 1 FROM tocsin_event "  # noqa: S608
            f"WHERE state = '{EventState.WAITING}' AND {OF_ALL_SQL} AND priority = {priority} AND due_at <= {now})"
        )
        for slug in registry.carriers():
            probes.append(
                f"SELECT %s WHERE EXISTS (SELECT 1 FROM tocsin_delivery WHERE {OF_CHANNEL} "  # noqa: S608
                f"AND {OF_ALL_SQL} AND priority = {priority} AND due_at <= {now})"
            )
            params += [slug, slug]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(probes), params)
        return {row[0] for row in cursor.fetchall()}
