"""Who adds people to an event: its own `to` list, and (later) each rule that matches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.channels import registry
from tocsin.events import types
from tocsin.recipients.audiences import Term, set_kinds

if TYPE_CHECKING:
    from tocsin.events.models import Event

TO = "to"


@dataclass(frozen=True, slots=True)
class Contributor:
    """An audience and the channels it is told by. `layer` names it in every row that it caused."""

    layer: str
    terms: tuple[Term, ...]
    channels: tuple[str, ...]

    @property
    def people(self) -> tuple[Term, ...]:
        """The terms that name users."""
        kinds = set_kinds()
        return tuple(term for term in self.terms if term.kind == "user" or term.kind in kinds)

    @property
    def is_literal(self) -> bool:
        """Whether every recipient is named one by one, so that they fit one chunk."""
        kinds = set_kinds()
        return not any(term.kind in kinds for term in self.terms)

    @property
    def destinations(self) -> list[int]:
        """The numbers of the destinations that are named."""
        return [int(term.value) for term in self.terms if term.kind == "destination"]

    @property
    def addresses(self) -> list[Term]:
        """The terms that are bare addresses on a channel."""
        known = registry.channels()
        return [term for term in self.terms if term.kind in known]


def contributors(event: Event) -> list[Contributor]:
    """Everything that names recipients of this event, in order: the first one's layer is kept in a row."""
    terms = tuple(Term(*item.split(":", 1)) for item in event.to)
    planned = event.trace.get("channels", {}).get(TO)
    chosen = (event.channel,) if event.channel else types.find(event.type).channels
    return [Contributor(TO, terms, chosen if planned is None else tuple(planned))]
