"""The shapes of hours and preferences, for the API's description. Bodies are judged elsewhere, not by these."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotations)
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

NIGHT = {"quiet": [{"days": ["mon", "tue"], "from": "22:00", "to": "07:00"}]}


class WindowOut(Schema):
    """Hours, and the channels they hold for; none means all."""

    hours: dict[str, Any] = Field(examples=[NIGHT], description="`open` or `quiet`, each a list of spans.")
    channels: list[str] = []


class WindowsOut(Schema):
    """When a person wants to be told."""

    time_zone: str = Field(description="Empty: the organization's, else the site's.")
    dnd_until: datetime | None
    windows: list[WindowOut]
    locale: str = Field(
        description="The language of their messages; empty: the organization's, else the site's."
    )


class WindowsChange(Schema):
    """What is to be different; what is left out stays, null takes it back."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str | None = Field(None, examples=["Europe/Oslo"])
    dnd_until: datetime | None = None
    windows: list[WindowOut] | None = None
    locale: str | None = Field(None, examples=["fr"])


class WishOut(Schema):
    """Whether a type is told by a channel, which layer says so, and what that layer names."""

    wanted: bool
    layer: Literal["own", "organization", "default", "mandatory"]
    key: str


class TypeWishesOut(Schema):
    """A type with what holds on each channel."""

    type: str
    label: str
    category: str
    mandatory: bool
    default_channels: list[str]
    channels: dict[str, WishOut]


class PreferencesOut(Schema):
    """All types."""

    items: list[TypeWishesOut]


class WishIn(Schema):
    """A type or "category:NAME", a channel, and whether it is wanted; null lets the layer below decide."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(examples=["invoice:paid", "category:billing"])
    channel: str
    wanted: bool | None


class PreferencesChange(Schema):
    """Wishes to be kept or forgotten, all or none."""

    model_config = ConfigDict(extra="forbid")

    changes: list[WishIn]
