"""Query parameters that several lists share."""

from __future__ import annotations

from typing import Annotated

from ninja import Query

from tocsin.errors import invalid
from tocsin.events.ids import number_of

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str, Query(max_length=200, description="The `next` of the page before.")]
Force = Annotated[
    bool, Query(description="Take it out of the rules that tell it; switch off those that would tell nobody.")
]


def key_of(after: str) -> int:
    """The key that a cursor is. Raises `InvalidInput`."""
    key = number_of(after)
    if key is None:
        raise invalid("after", "is no cursor.", "Give the `next` of an earlier answer.")
    return key
