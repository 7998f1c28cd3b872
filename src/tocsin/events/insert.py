"""The one INSERT of events: many rows, one statement, conflicts left out and told apart by RETURNING."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connections, router

from tocsin import clock
from tocsin.events.models import Event
from tocsin.events.states import EventState

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

    from tocsin.events.draft import Draft

ROWS_PER_STATEMENT = 500
"""SQLite takes 32,766 variables in one statement."""

COLUMNS = (
    "id", "organization_id", "project_id", "type", "level", "priority", "title", "body", "data", "url",
    "actions", "actor", "about", '"to"', "channel", "group_key", "status", "still_valid", "dedupe_key",
    "body_hash", "expires_at", "due_at", "created_at", "state", "reason", "detail", "trace", "fence", "claims",
)  # fmt: skip
VALUES = 21
"""How many of the columns, counted from the first, are given as parameters in every row."""


def insert(rows: Sequence[tuple[uuid.UUID, Draft]]) -> set[uuid.UUID]:
    """Insert events with the keys given; returns the keys that went in, without those in conflict."""
    inserted: set[uuid.UUID] = set()
    connection = connections[router.db_for_write(Event)]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        inserted |= _insert(connection, rows[start : start + ROWS_PER_STATEMENT])
    return inserted


def _insert(connection: BaseDatabaseWrapper, rows: Sequence[tuple[uuid.UUID, Draft]]) -> set[uuid.UUID]:
    now = clock.now_sql(connection)
    tail = f"{now}, '{EventState.WAITING}', '', '', '{{}}', 0, 0)"
    at_once = f"({', '.join(['%s'] * VALUES)}, {now}, {tail}"
    scheduled = f"({', '.join(['%s'] * VALUES)}, %s, {tail}"
    templates, params = [], []
    for pk, draft in rows:
        params += _values(connection, pk, draft)
        if draft.due_at is None:
            templates.append(at_once)
        else:
            templates.append(scheduled)
            params.append(connection.ops.adapt_datetimefield_value(draft.due_at))
    sql = (
        f"INSERT INTO tocsin_event ({', '.join(COLUMNS)}) VALUES {', '.join(templates)} "  # noqa: S608
        "ON CONFLICT DO NOTHING RETURNING id"
    )
    keys = {_key(connection, pk): pk for pk, _ in rows}
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {keys[row[0]] for row in cursor.fetchall()}


def _key(connection: BaseDatabaseWrapper, pk: uuid.UUID) -> Any:
    return pk if connection.features.has_native_uuid_field else pk.hex


def _values(connection: BaseDatabaseWrapper, pk: uuid.UUID, draft: Draft) -> list[Any]:
    return [
        _key(connection, pk),
        draft.organization,
        draft.project,
        draft.type,
        int(draft.level),
        draft.level.priority,
        draft.title,
        draft.body,
        _json(draft.data),
        draft.url,
        _json(draft.actions),
        draft.actor,
        draft.about,
        _json(draft.to),
        draft.channel,
        draft.group_key,
        draft.status,
        draft.still_valid,
        draft.dedupe_key,
        draft.body_hash(),
        draft.expires_at and connection.ops.adapt_datetimefield_value(draft.expires_at),
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
