"""The hours of a rule as rows of its form, and the hours that rows make. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict

MOST, SPARE = 20, 1


@dataclass(slots=True)
class Span:
    """One row: on which days it begins, from when to when."""

    days: list[str]
    start: str
    end: str
    errors: list[str] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        return not (self.days or self.start or self.end)


def of_json(hours: Mapping[str, Any] | None) -> list[Span]:
    """The rows of hours as a rule keeps them."""
    return [
        Span(list(one["days"]), one["from"], one["to"]) for spans in (hours or {}).values() for one in spans
    ]


def posted(given: QueryDict) -> list[Span]:
    """The rows of a form; blank ones are left out."""
    found = [
        Span(
            given.getlist(f"h{number}-days"),
            given.get(f"h{number}-from", "").strip(),
            given.get(f"h{number}-to", "").strip(),
        )
        for number in range(MOST)
        if f"h{number}-from" in given and f"h{number}-drop" not in given
    ]
    return [span for span in found if not span.is_blank]


def as_json(kind: str, spans: Sequence[Span]) -> dict[str, Any] | None:
    """The hours of these rows; None for no kind: at any time."""
    if not kind:
        return None
    return {kind: [{"days": span.days, "from": span.start, "to": span.end} for span in spans]}


def place(spans: Sequence[Span], path: Sequence[str], said: str) -> bool:
    """Put an error beside its row; False where it is about all of them."""
    number = next((int(step) for step in path if step.isdigit()), None)
    if number is None or number >= len(spans):
        return False
    spans[number].errors.append(said)
    return True
