"""The shapes of series, for the API's description. Bodies are judged elsewhere, not by these."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotations)
from uuid import UUID  # noqa: TC003

from ninja import Schema
from pydantic import ConfigDict, Field

from tocsin.api.schemas import EventIn  # noqa: TC001


class SeriesIn(Schema):
    """An event that comes again."""

    model_config = ConfigDict(extra="forbid")

    event: EventIn = Field(description="Without `due_at`, `expires_at` and `dedupe_key`.")
    rrule: str = Field(
        examples=["FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0"], max_length=300, description="RFC 5545."
    )
    starts_at: datetime | None = Field(None, description="From when on; without it, now.")
    time_zone: str | None = Field(None, examples=["Europe/Oslo"], description="Without it, the site's.")
    expires_after: int | None = Field(
        None, description="Seconds after which an occurrence is not sent any more."
    )
    dedupe_key: str | None = Field(None, description="The same key and content give the series that goes on.")


class SeriesOut(Schema):
    """A series, and how far it has come."""

    id: str
    organization: str
    project: str | None
    type: str
    title: str
    about: str | None
    to: list[str]
    rrule: str
    time_zone: str
    starts_at: datetime
    expires_after: int | None
    dedupe_key: str | None
    created_at: datetime
    created_by: str
    state: str
    sentence: str
    next_at: datetime | None = Field(description="When the occurrence that waits is due.")
    next_event: UUID | None
    number: int = Field(description="Of the occurrence that was made last, counted by the rule.")
    missed: int = Field(
        description="Occurrences that were never made, because nothing ran when they were due."
    )
    ended_at: datetime | None


class SeriesPage(Schema):
    """The newest first."""

    items: list[SeriesOut]
    next: str | None
