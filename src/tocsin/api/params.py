"""Query parameters that several lists share."""

from __future__ import annotations

from typing import Annotated

from ninja import Query

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str, Query(max_length=200, description="The `next` of the page before.")]
Force = Annotated[
    bool, Query(description="Take it out of the rules that tell it; switch off those that would tell nobody.")
]
