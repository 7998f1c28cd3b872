"""What this server knows: its channels, and the kinds of event that are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.api import answers
from tocsin.api.auth import SIGNED_IN
from tocsin.api.routes import route
from tocsin.api.schemas import ChannelList, EventTypeList
from tocsin.channels import registry
from tocsin.channels.forms import json_schema
from tocsin.events.types import types

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tocsin.channels.base import Channel


@route("GET", "/channels", SIGNED_IN, shape=ChannelList)
def list_channels(request: HttpRequest) -> HttpResponse:
    """Every channel, with the JSON Schema of a destination's settings on it."""
    items = [
        {
            "slug": slug,
            "label": str(channel.label),
            "schema": json_schema(channel.form),
            "capabilities": _capabilities(channel),
        }
        for slug, channel in sorted(registry.channels().items())
    ]
    return answers.respond({"items": items})


def _capabilities(channel: Channel) -> list[str]:
    has = {
        "in_app": channel.in_app,
        "addresses": channel.takes_addresses,
        "account_email": channel.uses_account_email,
    }
    return [name for name, true in has.items() if true]


@route("GET", "/event-types", SIGNED_IN, shape=EventTypeList)
def list_event_types(request: HttpRequest) -> HttpResponse:
    """Every kind of event that may be sent."""
    items = [
        {
            "key": kind.key,
            "label": str(kind.label),
            "channels": list(kind.channels),
            "level": kind.level.slug,
            "category": kind.category,
            "mandatory": kind.mandatory,
        }
        for _, kind in sorted(types().items())
    ]
    return answers.respond({"items": items})
