"""The shapes of the API, for its description. Requests are judged by `pipeline.parse`, not by these."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotations)
from typing import Any, Literal
from uuid import UUID  # noqa: TC003

from ninja import Schema
from pydantic import ConfigDict, Field

Level = Literal["info", "warning", "error", "critical", "ok", "warnings", "errors", "failed"]


class Problem(Schema):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = []


class ProblemError(Schema):
    """What is wrong with one field. `pointer` is its place in the body, empty for a header or parameter."""

    pointer: str
    field: str
    message: str
    remedy: str


class Action(Schema):
    """A link offered with an event."""

    label: str
    url: str


class EventIn(Schema):
    """An event to be sent."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(examples=["invoice:paid"])
    title: str = Field(max_length=300, description="One line.")
    body: str | None = Field(None, description="Markdown.")
    level: Level | None = None
    data: dict[str, Any] | None = None
    to: list[str] | None = Field(None, examples=[["group:manager", "user:ana", "email:ops@example.com"]])
    channel: str | None = Field(None, description="Forces the channel.")
    url: str | None = None
    actions: list[Action] | None = None
    actor: str | None = None
    about: str | None = Field(None, description="The object it hangs on.", examples=["invoice/42"])
    due_at: datetime | None = None
    expires_at: datetime | None = None
    still_valid: str | dict[str, Any] | None = Field(
        None, description="The name of a check, or a condition, asked again when it is due."
    )
    group_key: str | None = None
    status: Literal["open", "acknowledged", "resolved"] | None = None
    dedupe_key: str | None = Field(None, description="The same key and content give the same event.")
    organization: str | None = None
    project: str | None = None


class AcceptedOut(Schema):
    """One event that is stored; `created` is false where it was there before."""

    id: UUID
    created: bool


class AcceptedList(Schema):
    """In the order of the input."""

    events: list[AcceptedOut]


class EventOut(Schema):
    """An event as it is stored, and how far it has come."""

    id: UUID
    type: str
    level: str
    title: str
    body: str
    data: dict[str, Any]
    to: list[str]
    channel: str | None
    url: str | None
    actions: list[Action]
    actor: str | None
    about: str | None
    due_at: datetime
    expires_at: datetime | None
    still_valid: str | dict[str, Any] | None
    group_key: str | None
    status: str
    dedupe_key: str | None
    organization: str
    project: str | None
    created_at: datetime
    series: str | None = Field(description="The series that it is an occurrence of.")
    max_recipients: int | None = Field(description="Of the token it came with.")
    confirmed_at: datetime | None
    confirmed_by: str | None
    planned_at: datetime | None
    state: str
    sentence: str


class RescheduleIn(Schema):
    """When an event is to be due."""

    model_config = ConfigDict(extra="forbid")

    due_at: datetime


class RescheduledOut(Schema):
    """How many events that changed."""

    rescheduled: int


class CancelledOut(Schema):
    """How many events that changed: 0 where it was too late, or cancelled already."""

    cancelled: int


class AttemptOut(Schema):
    """One try of a delivery."""

    number: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    cause: str
    detail: str


class DeliveryOut(Schema):
    """One event to one destination; `d…` is in the ledger, `i…` in an inbox."""

    id: str
    event: UUID
    channel: str
    user: str | None
    label: str
    address: str
    state: str
    reason: str
    sentence: str
    attempt: int
    attempts: list[AttemptOut]
    layer: str
    merged_into: str | None = Field(description="The delivery with which it was told, in one message.")
    due_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    read_at: datetime | None


class DeliveryPage(Schema):
    """A page of deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None


class CountOut(Schema):
    """How many deliveries of one channel are in one state, for one reason."""

    channel: str
    state: str
    reason: str
    number: int


class ExplainedOut(Schema):
    """One delivery in an explanation."""

    id: str
    channel: str
    recipient: str
    address: str
    state: str
    reason: str
    explanation: str
    layer: str


class ExplanationOut(Schema):
    """Who was told of an event, who was not, and why; at most 50 deliveries."""

    event: UUID
    type: str
    title: str
    state: str
    explanation: list[str]
    counts: list[CountOut]
    deliveries: list[ExplainedOut]


class ReplayedOut(Schema):
    """How many deliveries are on their way again."""

    retried: int


class ItemOut(Schema):
    """One entry of the reader's inbox. `html` is sanitised."""

    id: str
    event: UUID
    channel: str
    type: str
    type_label: str
    level: str
    title: str
    html: str
    url: str | None
    actions: list[Action]
    actor: str | None
    created_at: datetime
    seen_at: datetime | None
    read_at: datetime | None
    dismissed_at: datetime | None
    expires_at: datetime | None
    snoozed_until: datetime | None


class SeenIn(Schema):
    """What was on the screen."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=200)


class SnoozeIn(Schema):
    """When an item is to come back."""

    model_config = ConfigDict(extra="forbid")

    until: datetime


class ItemPage(Schema):
    """A page of the inbox, newest first."""

    items: list[ItemOut]
    next: str | None


class ChangedOut(Schema):
    """How many items that changed."""

    changed: int


class CountsOut(Schema):
    """How much is unread, counted to 100."""

    unread: int
    text: str
    channels: dict[str, int]
    latest: str | None


class ChannelOut(Schema):
    """A channel: the JSON Schema of a destination's settings on it, and what it can do."""

    slug: str
    label: str
    schema_: dict[str, Any] = Field(alias="schema")
    capabilities: list[str]
    formats: list[str]
    max_characters: int | None
    max_bytes: int | None
    batch_size: int
    deadline_seconds: float
    provider: str
    not_ready: str


class ChannelList(Schema):
    """Every channel of this server."""

    items: list[ChannelOut]


class EventTypeOut(Schema):
    """A kind of event."""

    key: str
    label: str
    channels: list[str]
    level: str
    category: str
    mandatory: bool


class EventTypeList(Schema):
    """Every declared kind."""

    items: list[EventTypeOut]
