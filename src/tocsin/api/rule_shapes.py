"""The shapes of rules, for the API's description. Bodies are judged by `rules.spec`, not by these."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotations)
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from tocsin.api.schemas import CountOut, EventIn  # noqa: TC001 (pydantic reads the annotations)


class RuleContent(Schema):
    """What a rule says."""

    name: str = Field(max_length=100, examples=["Databases at night"])
    event_types: list[str] = Field(examples=[["disk:full", "disk:*"]])
    level: str | None = Field(None, description="The least level; info if absent.")
    projects: list[str] | None = Field(None, description="Slugs of projects; all if absent.")
    condition: dict[str, Any] | None = Field(
        None, examples=[{"field": "data.host", "op": "starts_with", "value": "db"}]
    )
    hours: dict[str, Any] | None = Field(None, description="When it tells; outside, what it tells waits.")
    to: list[str] | None = Field(None, examples=[["role:admin", "team:ops"]])
    channels: list[str] | None = Field(None, description="Those of the event's type if absent.")
    destinations: list[str | dict[str, str]] | None = Field(
        None, description="In place of `to` and `channels`: ids, or channel and label."
    )
    service: str | None = Field(None, description="A channel or a registered service, with a target.")
    target: str | None = Field(None, examples=["user", "team", "specific", "destination"])
    target_identifier: str | None = None
    options: dict[str, Any] | None = Field(
        None, description="With a service: what else its code needs to know."
    )
    active: bool | None = True
    stop: bool | None = Field(None, description="End the later rules of the same owner.")
    position: int | None = Field(None, description="Lower ones go first.")


class RuleIn(RuleContent):
    """A rule to be made."""

    model_config = ConfigDict(extra="forbid")

    owner: str | None = Field(
        None, description="Whose it is; whoever asks if absent.", examples=["user:ana", "org:acme"]
    )
    organization: str | None = Field(None, description="Of a person's rule: whose events it is about.")


class RuleChange(RuleContent):
    """All of a rule's content anew."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, description="The one that was read: another one by now is a conflict.")


class RuleOut(RuleContent):
    """A rule as it is now."""

    id: str
    owner: str
    organization: str
    version: int
    created_at: datetime
    updated_at: datetime


class WarningOut(Schema):
    """Something doubtful about a rule that was saved all the same."""

    code: str
    field: str
    sentence: str


class RuleSaved(RuleOut):
    """A rule that was saved."""

    warnings: list[WarningOut]
    note: str = Field(
        description="How an action is carried out where nothing is registered for it; else empty."
    )


class RulePage(Schema):
    """A page of rules, the newest first."""

    items: list[RuleOut]
    next: str | None


class VersionOut(Schema):
    """A version of a rule; `differs` has for each field what it was and what it became."""

    version: int
    at: datetime
    by: str
    action: Literal["create", "change", "delete", "undo"]
    differs: dict[str, list[Any]]


class HistoryOut(Schema):
    """All versions of a rule, the newest first."""

    items: list[VersionOut]


class SimulateIn(Schema):
    """An event that is not sent, and a rule that is not saved."""

    model_config = ConfigDict(extra="forbid")

    event: EventIn
    at: datetime | None = Field(None, description="When it happens; now if absent.")
    rule: RuleContent | None = Field(None, description="A rule of the event's organization, as it might be.")
    replaces: str | None = Field(
        None, description="The rule in whose place it would be, or which would be gone."
    )


class ToldOut(Schema):
    """What one person or address would get on one channel, or why nothing."""

    user: str
    name: str
    channel: str
    address: str
    state: str
    reason: str
    sentence: str
    layer: str
    until: str


class SaidOut(Schema):
    """What one rule says of the event."""

    layer: str
    name: str
    matched: bool
    reasons: list[str]


class SimulationOut(Schema):
    """Who would be told, by what and why, and what the rule adds and removes."""

    sentence: str
    told: list[ToldOut]
    rules: list[SaidOut]
    added: list[ToldOut]
    removed: list[ToldOut]
    counts: list[CountOut]
    truncated: bool


class AvailableOut(Schema):
    """A registration, and what it offers in the organization."""

    trigger: str
    service: str
    target: str
    available: list[dict[str, Any]]
    error: str | None


class AvailablePage(Schema):
    """What rules of an organization may wire together."""

    items: list[AvailableOut]
    services: dict[str, str]
    targets: dict[str, str]


class AuditOut(Schema):
    """One change; `before` and `after` hold what differs."""

    id: str
    organization: str
    at: datetime
    by: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]


class AuditPage(Schema):
    """A page of the audit log, the newest first."""

    items: list[AuditOut]
    next: str | None
