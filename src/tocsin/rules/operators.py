"""The operators of conditions: what value each takes, and how it is compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from tocsin.errors import InvalidInput, invalid
from tocsin.levels import NAMES, parse_level
from tocsin.rules.facts import MISSING
from tocsin.rules.globs import fits, pieces_of

if TYPE_CHECKING:
    from django.utils.functional import Promise

MOST_VALUES, MOST_CHARACTERS, LONGEST_GLOB = 100, 1_000, 200
LARGEST = 10**15
LEVEL = "level"
TIME = re.compile(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)
"""RFC 3339, which is less than some versions of Python read."""

Scalar = str | int | float | bool | None
Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """`clean` gives the value as it is kept, or raises `InvalidInput`; `test` makes a question of it."""

    words: str | Promise
    clean: Callable[[str, object], Any]
    test: Callable[[str, Any], Test]


def scalar(field: str, value: object) -> Scalar:
    """A text, a number, true, false or null, that fits; a level by its own name."""
    if field == LEVEL or isinstance(value, str):
        return _text(field, value)
    if value is None or isinstance(value, bool):
        return value
    return _number(value, "Give a text, a number, true, false or null.")


def identity(value: object) -> tuple[str, Any] | None:
    """What makes two scalars the same: 1 is 1.0, but neither is true nor "1".

    None for what no condition can name: lists, objects, MISSING, NaN, and numbers that no condition takes.
    """
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int | float):
        if not -LARGEST <= value <= LARGEST:
            return None
        return "number", int(value) if value == int(value) else value
    if isinstance(value, str):
        return "text", value
    return ("null", None) if value is None else None


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        remedy = f"Use one of: {', '.join(NAMES)}." if field == LEVEL else "Put it in quotes."
        raise invalid("value", f"must be a text, not {type(value).__name__}.", remedy)
    if len(value) > MOST_CHARACTERS:
        raise invalid("value", f"has more than {MOST_CHARACTERS} characters.", "Shorten it.")
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise invalid("value", "has characters that no event has.", "Take NUL and lone surrogates out.")
    return parse_level(value[:40]).slug if field == LEVEL else value


def _some_text(field: str, value: object) -> str:
    text = _text("", value)
    if not text:
        raise invalid("value", "is empty.", "Give at least one character.")
    return text


def _glob_text(field: str, value: object) -> str:
    pattern = _some_text(field, value)
    if len(pattern) > LONGEST_GLOB:
        raise invalid("value", f"has more than {LONGEST_GLOB} characters.", "Shorten it.")
    pieces_of(pattern)
    return pattern


def _number(value: object, remedy: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid("value", f"cannot be {type(value).__name__}.", remedy)
    if not -LARGEST <= value <= LARGEST:
        raise invalid("value", "is no number that fits.", f"Give one between -{LARGEST} and {LARGEST}.")
    return value


def _ordered(field: str, value: object) -> Any:
    """A number, a level, or a time with its zone."""
    remedy = "Give a number, or a time such as 2030-01-31T09:00:00+01:00."
    if field == LEVEL:
        return _text(field, value)
    if not isinstance(value, str):
        return _number(value, remedy)
    if _time(value) is None:
        raise invalid("value", f"{value[:40]!r} has no order.", remedy)
    return value


def _time(value: object) -> datetime | None:
    if not isinstance(value, str) or not TIME.match(value):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return None


def _rank(field: str, value: object) -> tuple[str, Any] | None:
    """What orders two values: levels by gravity, numbers, times. None for what has no order."""
    if field == LEVEL:
        try:
            return LEVEL, int(parse_level(value))
        except InvalidInput:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", value
    moment = _time(value)
    return ("time", moment) if moment else None


def _list(field: str, value: object) -> list[Scalar]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MOST_VALUES:
        raise invalid("value", f"must be a list of 1 to {MOST_VALUES} values.", 'Write ["db1", "db2"].')
    return [scalar(field, one) for one in value]


def _pair(field: str, value: object) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise invalid("value", "must be a list of two: from and to.", "Write [10, 20].")
    low, high = _ordered(field, value[0]), _ordered(field, value[1])
    ranks = _rank(field, low), _rank(field, high)
    if ranks[0] is None or ranks[1] is None or ranks[0][0] != ranks[1][0] or ranks[0][1] > ranks[1][1]:
        raise invalid(
            "value", "ends before it begins, or mixes numbers and times.", "Give the lower one first."
        )
    return [low, high]


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise invalid("value", "must be true or false.", "Write true or false, without quotes.")
    return value


def _is(field: str, wanted: Any) -> Test:
    same = identity(wanted)
    return lambda seen: identity(seen) == same


def _is_not(field: str, wanted: Any) -> Test:
    same = identity(wanted)
    return lambda seen: identity(seen) != same


def _in(field: str, wanted: Any) -> Test:
    same = {identity(one) for one in wanted}
    return lambda seen: identity(seen) in same


def _contains(field: str, wanted: Any) -> Test:
    same = identity(wanted)

    def test(seen: Any) -> bool:
        if isinstance(seen, str):
            return isinstance(wanted, str) and wanted in seen
        return isinstance(seen, list | tuple) and any(identity(one) == same for one in seen)

    return test


def _starts_with(field: str, wanted: Any) -> Test:
    return lambda seen: isinstance(seen, str) and seen.startswith(wanted)


def _glob(field: str, wanted: Any) -> Test:
    return lambda seen: isinstance(seen, str) and fits(wanted, seen)


def _gte(field: str, wanted: Any) -> Test:
    return _between_ranks(field, wanted, None)


def _lte(field: str, wanted: Any) -> Test:
    return _between_ranks(field, None, wanted)


def _between(field: str, wanted: Any) -> Test:
    return _between_ranks(field, *wanted)


def _between_ranks(field: str, low: Any, high: Any) -> Test:
    least, most = (None if bound is None else _rank(field, bound) for bound in (low, high))
    kind = (least or most or ("", None))[0]

    def test(seen: Any) -> bool:
        rank = _rank(field, seen)
        if rank is None or rank[0] != kind:
            return False
        return (least is None or least[1] <= rank[1]) and (most is None or rank[1] <= most[1])

    return test


def _exists(field: str, wanted: Any) -> Test:
    return lambda seen: (seen is not MISSING) is wanted


OPERATORS: dict[str, Operator] = {
    "is": Operator(_("is"), scalar, _is),
    "is_not": Operator(_("is not"), scalar, _is_not),
    "in": Operator(_("is one of"), _list, _in),
    "contains": Operator(_("contains"), scalar, _contains),
    "starts_with": Operator(_("starts with"), _some_text, _starts_with),
    "glob": Operator(_("looks like"), _glob_text, _glob),
    "gte": Operator(_("is at least"), _ordered, _gte),
    "lte": Operator(_("is at most"), _ordered, _lte),
    "between": Operator(_("is between"), _pair, _between),
    "exists": Operator(_("exists"), _flag, _exists),
}
