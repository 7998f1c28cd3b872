"""One test through each destination of a user, with what the far side said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.addresses import found
from tocsin.cli.doctor.findings import Finding, error, ok, warning
from tocsin.cli.lookups import find_user
from tocsin.cli.output import program
from tocsin.recipients.managed import public_id
from tocsin.web.destination_words import try_out

if TYPE_CHECKING:
    from collections.abc import Iterator


def destinations_of(name: str) -> Iterator[Finding]:
    """Send a test to every destination of a user that is in use."""
    rows = found(find_user(name), "")
    if not rows:
        yield warning("test", f"{name} has no destination", f"Add one: {program()} destinations add")
    for destination in rows:
        what = f"{public_id(destination)} ({destination})"
        if destination.disabled_at is not None:
            yield warning(
                "test", f"{what} is disabled: {destination.disabled_reason}", "Enable it, or remove it."
            )
            continue
        tried = try_out(destination)
        said = f"{what}: {tried.words}"
        yield ok("test", said) if tried.is_sent else error("test", said, "See the page of the channel.")
