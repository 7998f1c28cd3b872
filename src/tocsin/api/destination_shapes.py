"""The shapes of destinations, for the API's description. Bodies are judged by the channel's form, not by these."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotations)
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field


class DestinationIn(Schema):
    """A destination to be made."""

    model_config = ConfigDict(extra="forbid")

    owner: str | None = Field(
        None, description="Whose it is; whoever asks if absent.", examples=["user:ana", "org:acme"]
    )
    channel: str = Field(examples=["email"])
    label: str | None = Field(None, max_length=100, description="One line; made of the address if absent.")
    settings: dict[str, Any] = Field(
        description="As the channel's `schema` says.", examples=[{"email_address": "ops@example.com"}]
    )


class DestinationChange(Schema):
    """New settings of a destination, all of them but secrets that are to stay."""

    model_config = ConfigDict(extra="forbid")

    label: str | None = Field(None, max_length=100, description="Kept if absent.")
    settings: dict[str, Any]


class DisableIn(Schema):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(None, max_length=200)


class CodeIn(Schema):
    """The code that was sent to a destination."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(examples=["123456"])


class DestinationOut(Schema):
    """A destination. Secrets are never shown; `secrets` has the names of those that are set."""

    id: str
    owner: str
    channel: str
    label: str
    settings: dict[str, Any]
    secrets: list[str] | None = Field(description="Null where today's keys do not open them.")
    managed: bool = Field(description="It follows the account, and is read-only here.")
    verified: bool | None = Field(description="Null where no proof is asked for.")
    disabled: bool
    disabled_reason: str
    created_at: datetime | None = Field(description="Null for an account address with nothing to remember.")
    tested_at: datetime | None


class DestinationPage(Schema):
    """A page of destinations: managed ones, then the newest first."""

    items: list[DestinationOut]
    next: str | None


class OutcomeOut(Schema):
    """What became of a message that was sent at once."""

    outcome: Literal["sent", "retry", "rejected", "later"]
    cause: str | None
    sentence: str
    detail: str
    provider_id: str | None
    destination_disabled: bool = Field(description="Whether the destination is disabled now.")


class DestinationMade(DestinationOut):
    """The new destination, with the secrets that the channel made, which are shown only now."""

    made: dict[str, Any]
    code_sent: OutcomeOut | None = Field(description="Null where nothing has to be confirmed.")


class DestinationChanged(DestinationOut):
    """The destination after a change, with the secrets that the channel made, which are shown only now."""

    made: dict[str, Any]
    secret_cleared: bool = Field(description="A secret was dropped, as it belonged to another address.")
