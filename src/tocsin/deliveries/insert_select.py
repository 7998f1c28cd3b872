"""Planning's one piece of raw SQL: `INSERT … SELECT … ON CONFLICT DO NOTHING` from a queryset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, router
from django.db.models import Expression, F, Value

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet


def insert_select(model: type[Model], rows: QuerySet[Any], columns: dict[str, Any]) -> int:
    """Insert one row into `model` for each row of the queryset `rows`.

    `columns` maps field names to expressions over `rows`, or to plain values. Rows that exist already are
    left alone. Returns the number of rows inserted. A queryset that can match nothing inserts nothing.
    """
    alias = router.db_for_write(model)
    connection = connections[alias]
    fields: dict[str, Any] = {name: model._meta.get_field(name) for name in columns}
    named = {
        f"tocsin_{name}": value if isinstance(value, Expression | F) else Value(value, _plain(fields[name]))
        for name, value in columns.items()
    }
    selected = rows.using(alias).order_by().annotate(**named).values_list(*named)
    try:
        select, params = selected.query.get_compiler(alias).as_sql()
    except EmptyResultSet:
        return 0
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields.values())
    # The outer WHERE is there for SQLite, which reads ON CONFLICT after a bare SELECT as a join condition.
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({names}) "  # noqa: S608 (names come from the models)
        f"SELECT * FROM ({select}) AS planned WHERE 1=1 ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def _plain(field: Any) -> Any:
    """The field whose type a value has: that of the far column, where `field` is a foreign key."""
    return getattr(field, "target_field", field)
