"""The order in which a reader's items are shown, newest first, and how SQL finds the first of them by index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Func, Subquery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet


class Place(Func):
    """SQL: where an item stands when the newest comes first.

    An expression and not the key itself: ordered by that, PostgreSQL reads everybody's items by primary key when it
    believes that the reader's come soon, and reads all of them when none does.
    """

    template = "(-%(expressions)s)"
    arity = 1
    output_field = BigIntegerField()


def newest_first(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same items in order."""
    return rows.order_by(Place("pk"))


def older_than(rows: QuerySet[Any], pk: int) -> QuerySet[Any]:
    """Those that come after the item `pk`."""
    older: QuerySet[Any] = rows.alias(tocsin_place=Place("pk")).filter(tocsin_place__gt=-pk)
    return older


def joined(parts: Iterable[QuerySet[Any]], rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of `rows` that are in one of the parts, each of which has an order and a limit of its own."""
    return rows.filter(pk__in=_Joined(*(_Part(part.values("pk")) for part in parts)))


class _Part(Subquery):
    template = "SELECT * FROM (%(subquery)s) AS part"


class _Joined(Func):
    """Django's own `union()` takes no part with a limit on SQLite."""

    template = "(%(expressions)s)"
    arg_joiner = " UNION ALL "
