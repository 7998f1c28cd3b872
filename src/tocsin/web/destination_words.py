"""The state of a destination, and what became of a test, in words: for the admin and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tocsin import pipeline
from tocsin.channels import registry
from tocsin.channels.outcomes import Later, Moot, Outcome, Rejected, Retry, Sent
from tocsin.channels.text import one_line
from tocsin.errors import TocsinError
from tocsin.recipients import proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.recipients.models import Destination


def state_of(destination: Destination) -> str:
    """Whether a destination is used, and if not, why."""
    if destination.channel not in registry.channels():
        return _("channel not installed")
    if destination.disabled_at is not None:
        return ": ".join(filter(None, [_("disabled"), destination.disabled_reason]))
    if not destination.managed and proof.is_missing(destination.channel, destination.verified_at):
        return _("not confirmed")
    return _("in use")


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one test: the channel's outcome, or the problem for which nothing was sent."""

    outcome: Outcome | None
    problem: str = ""
    disabled: bool = False
    """Whether the answer disabled the destination."""

    @property
    def is_sent(self) -> bool:
        return isinstance(self.outcome, Sent)

    @property
    def words(self) -> str:
        """A line for people: the cause's sentence, and what the far side said."""
        return one_line(self._said())

    def _said(self) -> str:
        match self.outcome:
            case Sent(provider_id):
                said = _("sent")
                return f"{said} ({provider_id})" if provider_id else said
            case Moot():
                return _("There was nothing to do.")
            case Later(cause, after):
                words = _("%(cause)s Try again in %(seconds)d s.")
                return words % {"cause": cause.label, "seconds": max(1, round(after))}
            case Retry(cause, detail) | Rejected(cause, detail):
                said = f"{cause.label} {detail}".strip()
                end = "" if said.endswith((".", "!", "?")) else "."
                return f"{said}{end} {_('It is disabled now.')}" if self.disabled else said
        return self.problem


def try_out(destination: Destination, send: Callable[[Destination], Outcome] = pipeline.test) -> Tried:
    """Send a test, or a code, and wait for the outcome. What cannot even be tried is told, never raised."""
    was_disabled = destination.disabled_at is not None
    try:
        outcome = send(destination)
    except TocsinError as error:
        return Tried(None, str(error))
    return Tried(outcome, disabled=destination.disabled_at is not None and not was_disabled)
