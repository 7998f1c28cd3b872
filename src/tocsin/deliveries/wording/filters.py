"""The tags and filters that a template may use: none that makes much of little, and none that marks text as safe."""

from __future__ import annotations

import json
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.template import Library, defaultfilters, defaulttags
from django.template.base import Node, render_value_in_context
from django.utils import timezone

from tocsin.deliveries.wording import literal
from tocsin.deliveries.wording.budget import STEP, charge

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.template.base import FilterExpression, Parser, Token

MOST_DIGITS = 30
MOST_OF_A_FORMAT = 100
UNFIT = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
"""What a filter raises for a value that it cannot take: it makes nothing of it."""

library = Library()
for tag in ("comment", "for", "if", "with"):
    library.tag(tag, defaulttags.register.tags[tag])


def words_of(value: Any, context: Any) -> str:
    """A value as it stands in what is made: in Markdown it is literal, unless its author said otherwise."""
    if isinstance(value, literal.Markdown):
        return str(value)
    if isinstance(value, dict | list | tuple):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = render_value_in_context(value, context)
    charge(len(text))
    return literal.literal(text) if context.is_markdown else text


@library.tag
def firstof(parser: Parser, token: Token) -> FirstOf:
    """`{% firstof event.actor event.data.host "somebody" %}`: the first of these that is anything."""
    return FirstOf([parser.compile_filter(bit) for bit in token.split_contents()[1:]])


class FirstOf(Node):
    """The first value that is anything."""

    def __init__(self, expressions: list[FilterExpression]) -> None:
        self.expressions = expressions

    def render(self, context: Any) -> str:
        found = (one.resolve(context, ignore_failures=True) for one in self.expressions)
        return words_of(next(filter(None, found), ""), context)


def _size_of(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 1


def _charged(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, paid for by what it is given and what it makes."""

    @wraps(function)
    def filtered(*values: Any) -> Any:
        charge(STEP + sum(map(_size_of, values)))
        try:
            made = function(*values)
        except UNFIT:
            return ""
        charge(_size_of(made))
        return made

    return filtered


for name in (
    "capfirst", "default", "default_if_none", "first", "last", "length", "lower", "pluralize", "slice", "title",
    "truncatechars", "truncatewords", "upper", "yesno",
):  # fmt: skip
    library.filter(name, _charged(defaultfilters.register.filters[name]))


@library.filter
@_charged
def markdown(value: Any) -> literal.Markdown:
    """The text is Markdown, and is to be read as such: for what comes from people whom you trust."""
    return literal.Markdown(value)


@library.filter
@_charged
def code(value: Any) -> literal.Markdown:
    """The text in a fixed-width font, in its line or as a block."""
    return literal.code(str(value))


@library.filter
@_charged
def join(value: Any, separator: Any) -> Any:
    """The members of a list with `separator` between them."""
    if not isinstance(value, list | tuple):
        return value
    between = str(separator)
    charge(len(value) * len(between))
    members = []
    for member in value:
        members.append(str(member))
        charge(len(members[-1]))
    return between.join(members)


@library.filter
@_charged
def floatformat(value: Any, places: Any = -1) -> Any:
    """A number with so many decimal places, `MOST_DIGITS` at most."""
    digits = str(places).rstrip("gu")
    if len(digits) > 3 or abs(int(digits or -1)) > MOST_DIGITS:
        return value
    return defaultfilters.floatformat(str(value), places)


def _moment(value: Any) -> Any:
    """A time, also where the data has it as text of RFC 3339; on the site's clock."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 40 else value
    return (
        timezone.localtime(moment) if isinstance(moment, datetime) and timezone.is_aware(moment) else moment
    )


@library.filter
@_charged
def date(value: Any, form: Any = None) -> str:
    """A time's date, in the language's own form or one such as "j F"."""
    return defaultfilters.date(_moment(value), _short(form))


@library.filter
@_charged
def time(value: Any, form: Any = None) -> str:
    """A time of day, in the language's own form or one such as "H:i"."""
    return defaultfilters.time(_moment(value), _short(form))


def _short(form: Any) -> Any:
    if form is not None and len(str(form)) > MOST_OF_A_FORMAT:
        raise ValueError(f"a format has at most {MOST_OF_A_FORMAT} characters")
    return form
