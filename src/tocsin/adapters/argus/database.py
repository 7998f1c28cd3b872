"""What a database of Argus holds of destinations, timeslots, filters and profiles. It is read, never written."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.db.utils import ConnectionHandler

from tocsin.errors import InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.backends.base.base import BaseDatabaseWrapper

APP = "argus_notificationprofile"


@dataclass(frozen=True, slots=True)
class Address:
    """A destination."""

    pk: int
    user: str
    email: str
    """The account's own address."""
    media: str
    label: str
    settings: Mapping[str, Any] = field(repr=False)
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A part of a timeslot: days from 1 (Monday), and times of which the last still counts."""

    days: tuple[int, ...]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Profile:
    """Who hears of what, when and where."""

    pk: int
    user: str
    email: str
    name: str
    active: bool
    hours: tuple[Recurrence, ...]
    filters: tuple[tuple[str, Mapping[str, Any]], ...]
    """(name, what it says)."""
    addresses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """All of it."""

    addresses: tuple[Address, ...]
    profiles: tuple[Profile, ...]


def read(settings: dict[str, Any]) -> Holdings:
    """Read a database, given as Django's DATABASES has it. Raises `InvalidInput` where it is none of Argus."""
    connection = ConnectionHandler({"default": settings})["default"]
    with closing(connection):
        try:
            return _holdings(connection)
        except DatabaseError as error:
            said = " ".join(str(error).split())[:200]
            raise invalid(
                "database",
                f"cannot be read: {said}.",
                "Give the database of an Argus whose migrations have run.",
            ) from error


def _holdings(connection: BaseDatabaseWrapper) -> Holdings:
    users = {row["id"]: row for row in _rows(connection, "argus_auth_user", "id", "username", "email")}
    addresses = tuple(
        _address(row, users[row["user_id"]]) for row in _rows(connection, f"{APP}_destinationconfig")
    )
    hours = defaultdict(list)
    for row in _rows(connection, f"{APP}_timerecurrence"):
        hours[row["timeslot_id"]].append(
            Recurrence(_days(row["days"]), _time(row["start"]), _time(row["end"]))
        )
    filters = {row["id"]: (row["name"], _filter(row)) for row in _rows(connection, f"{APP}_filter")}
    chosen = _pairs(connection, f"{APP}_notificationprofile_filters", "filter_id")
    aims = _pairs(connection, f"{APP}_notificationprofile_destinations", "destinationconfig_id")
    profiles = tuple(
        Profile(
            row["id"], users[row["user_id"]]["username"], users[row["user_id"]]["email"] or "", row["name"] or "",
            bool(row["active"]), tuple(hours[row["timeslot_id"]]),
            tuple(filters[key] for key in chosen[row["id"]]), tuple(aims[row["id"]]),
        )
        for row in _rows(connection, f"{APP}_notificationprofile")
    )  # fmt: skip
    return Holdings(addresses, profiles)


def _address(row: Mapping[str, Any], user: Mapping[str, Any]) -> Address:
    settings = _json(row["settings"])
    managed = bool(row.get("managed") or settings.get("synced"))
    label = row["label"] or ""
    return Address(
        row["id"], user["username"], user["email"] or "", row["media_id"], label, settings, managed
    )


def _rows(connection: BaseDatabaseWrapper, table: str, *columns: str) -> Iterator[dict[str, Any]]:
    """All rows of a table, or some columns of them: which ones there are differs between releases."""
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        wanted = ", ".join(map(quoted, columns)) or "*"
        cursor.execute(f"SELECT {wanted} FROM {quoted(table)} ORDER BY {quoted('id')}")  # noqa: S608
        names = [column[0] for column in cursor.description]
        yield from [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _pairs(connection: BaseDatabaseWrapper, table: str, column: str) -> dict[int, list[int]]:
    found = defaultdict(list)
    for row in _rows(connection, table):
        found[row["notificationprofile_id"]].append(row[column])
    return found


def _filter(row: Mapping[str, Any]) -> dict[str, Any]:
    """A filter of this release, or of one that kept half of it as text."""
    return {**_json(row.get("filter_string") or {}), **_json(row.get("filter") or {})}


def _json(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _days(value: Any) -> tuple[int, ...]:
    """A list of numbers, or a text with them."""
    return tuple(sorted({int(one) for one in re.findall("[1-7]", str(value))}))


def _time(value: Any) -> time:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(str(value))
    except ValueError:
        raise InvalidInput(
            *invalid("database", f"has the time {value!r}.", "Mend it there.").errors
        ) from None
