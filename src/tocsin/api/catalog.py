"""What this server knows: its channels, and the kinds of event that are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.api import answers
from tocsin.api.auth import SIGNED_IN
from tocsin.api.routes import route, scope_of
from tocsin.api.schemas import ChannelList, EventTypeList
from tocsin.channels import registry
from tocsin.channels.facts import facts
from tocsin.events.declared import types_for

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@route("GET", "/channels", SIGNED_IN, shape=ChannelList)
def list_channels(request: HttpRequest) -> HttpResponse:
    """Every channel: the JSON Schema of a destination's settings on it, and what it can do."""
    items = [facts(channel) for _, channel in sorted(registry.channels().items())]
    return answers.respond({"items": items})


@route("GET", "/event-types", SIGNED_IN, shape=EventTypeList)
def list_event_types(request: HttpRequest) -> HttpResponse:
    """Every kind of event that the caller may send: declared in code and settings, or by their organizations."""
    items = [
        {
            "key": kind.key,
            "label": str(kind.label),
            "channels": list(kind.channels),
            "level": kind.level.slug,
            "category": kind.category,
            "mandatory": kind.mandatory,
        }
        for _, kind in sorted(types_for(scope_of(request)).items())
    ]
    return answers.respond({"items": items})
