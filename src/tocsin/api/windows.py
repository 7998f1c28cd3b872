"""A person's hours over HTTP: when they want to be told, and until when they rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin import pipeline
from tocsin.api import answers
from tocsin.api.auth import READER
from tocsin.api.bodies import placed, read_object
from tocsin.api.openapi import body_of
from tocsin.api.routes import route, scope_of
from tocsin.api.window_shapes import WindowsChange, WindowsOut
from tocsin.schedule.wishes import wishes_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

DEEP = 20
"""Every dot in a field parts names."""


@route("GET", "/windows", READER, shape=WindowsOut)
def get_windows(request: HttpRequest) -> HttpResponse:
    """When the reader wants to be told."""
    return answers.respond(_as_json(wishes_of(scope_of(request).user_id)))


@route("PUT", "/windows", READER, shape=WindowsOut, problems=(400, 413, 415), body=body_of(WindowsChange))
def change_windows(request: HttpRequest) -> HttpResponse:
    """Change what is given; what waits for the reader is judged again at once."""
    with placed(depth=DEEP):
        given = read_object(request, WindowsChange.model_fields)
        return answers.respond(_as_json(pipeline.change_hours(scope_of(request).user_id, given)))


def _as_json(wishes: dict[str, Any]) -> dict[str, Any]:
    until = wishes["dnd_until"]
    return {**wishes, "dnd_until": until and until.isoformat()}
