"""Planning's one piece of raw SQL: `INSERT … SELECT … ON CONFLICT DO NOTHING` from a queryset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import Expression, F, UniqueConstraint, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model, QuerySet

    Pairs = Sequence[tuple[Any, dict[str, Any]]]


def insert_select(
    model: type[Model], rows: QuerySet[Any], columns: dict[str, Any], pairs: Pairs | None = None
) -> int:
    """Insert one row into `model` for each row of the queryset `rows`.

    `columns` maps field names to expressions over `rows`, or to plain values. With `pairs` of (user key,
    further columns) there is instead one row for each row of `rows` and each pair of its `user`. Rows that
    exist already are left alone. Returns the number inserted; a queryset that can match nothing inserts none.
    """
    alias = router.db_for_write(model)
    connection = connections[alias]
    named = {f"tocsin_{name}": _expression(model, name, value) for name, value in columns.items()}
    selected = rows.using(alias).order_by().annotate(**named).values_list(*named)
    try:
        select, params = selected.query.get_compiler(alias).as_sql()
    except EmptyResultSet:
        return 0
    # The outer WHERE is there for SQLite, which reads ON CONFLICT after a bare SELECT as a join condition.
    source, names = f"SELECT * FROM ({select}) AS planned WHERE 1=1", list(columns)  # noqa: S608
    if pairs is not None:
        if not pairs:
            return 0
        names += pairs[0][1]
        source, params = _joined(connection, model, select, params, pairs)
    if "identity" in columns:  # those who share an address are covered by the first, and always by the same
        source += " ORDER BY tocsin_user"
    elif "delivery" in columns:  # what was put off comes in the order in which it happened
        source += " ORDER BY tocsin_event"
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    into = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({into}) "
            f"{source} ON CONFLICT {_arbiter(connection, model)} DO NOTHING",
            params,
        )
        return int(cursor.rowcount)


def _arbiter(connection: BaseDatabaseWrapper, model: type[Model]) -> str:
    """The columns that make a row the same: named, PostgreSQL looks into one unique index instead of into each."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.condition is None:
            fields: list[Any] = [model._meta.get_field(name) for name in constraint.fields]
            return f"({', '.join(connection.ops.quote_name(field.column) for field in fields)})"
    return ""


def _expression(model: type[Model], name: str, value: Any) -> Any:
    if isinstance(value, Expression | F):
        return value
    field: Any = model._meta.get_field(name)
    return Value(value, getattr(field, "target_field", field))


def _joined(
    connection: BaseDatabaseWrapper, model: type[Model], select: str, params: Sequence[Any], pairs: Pairs
) -> tuple[str, list[Any]]:
    """The selected rows joined with the pairs, which go over as one JSON parameter."""
    fields: dict[str, Any] = {name: model._meta.get_field(name) for name in pairs[0][1]}
    key: Any = get_user_model()._meta.pk
    items = [
        [str(key.get_db_prep_value(user, connection))]
        + [_prepared(connection, fields[name], value) for name, value in more.items()]
        for user, more in pairs
    ]
    if connection.vendor == "postgresql":
        each = ", ".join(
            f"(value->>{i})::{field.db_type(connection)}" for i, field in enumerate(fields.values(), 1)
        )
        table = f"SELECT value->>0 AS user_key, {each} FROM jsonb_array_elements(%s::jsonb)"  # noqa: S608
        one = "::text"
    else:
        each = ", ".join(f"json_extract(value, '$[{i}]')" for i in range(1, len(fields) + 1))
        table = f"SELECT json_extract(value, '$[0]') AS user_key, {each} FROM json_each(%s)"  # noqa: S608
        one = "||''"
    names = ", ".join(["user_key", *(f"pair_{name}" for name in fields)])
    wanted = ", ".join(["planned.*", *(f"pair.pair_{name}" for name in fields)])
    sql = (
        f"WITH pair ({names}) AS ({table}) SELECT {wanted} FROM ({select}) AS planned "  # noqa: S608
        f"JOIN pair ON pair.user_key = planned.tocsin_user{one} WHERE 1=1"
    )
    return sql, [json.dumps(items, default=str), *params]


def _prepared(connection: BaseDatabaseWrapper, field: Any, value: Any) -> Any:
    return value if connection.vendor == "postgresql" else field.get_db_prep_save(value, connection)
