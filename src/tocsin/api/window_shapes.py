"""The shapes of hours, for the API's description. Bodies are judged by `schedule`, not by these."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 (pydantic reads the annotations)
from typing import Any

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


class WindowsChange(Schema):
    """What is to be different; what is left out stays, null takes it back."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str | None = Field(None, examples=["Europe/Oslo"])
    dnd_until: datetime | None = None
    windows: list[WindowOut] | None = None
