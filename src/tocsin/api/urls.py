"""The routes of the API, in Django's form; what no route takes is answered in the API's words too."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.urls import URLPattern, path

from tocsin.api import (
    answers,
    catalog,
    deliveries,
    destinations,
    events,
    inbox,
    preferences,
    rules,
    series,
    sources,
    trials,
    windows,
)
from tocsin.api.origins import SHARED, shared
from tocsin.api.routes import api

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

MODULES = (
    events,
    series,
    sources,
    deliveries,
    destinations,
    trials,
    rules,
    inbox,
    windows,
    preferences,
    catalog,
)
"""Importing them declares their routes."""


def _worded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Errors that ninja raises or words itself, in our words."""

    @wraps(view)
    def worded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            return answers.of_error(error).as_response()
        if response.status_code == 405:
            allowed = ", ".join(sorted(response["Allow"].split(", ")))
            return answers.problem(405, f"Use {allowed}.", headers=[("Allow", allowed)]).as_response()
        return response

    return worded


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 for every path under the API that is no route."""
    return answers.problem(404, answers.NOTHING).as_response()


nothing.csrf_exempt = True  # type: ignore[attr-defined]


def _patterns() -> list[Any]:
    declared, _, _ = api.urls
    for pattern in declared:
        if isinstance(pattern, URLPattern):
            view = _worded(pattern.callback)
            decided = shared(view) if str(pattern.pattern).startswith(SHARED) else view
            pattern.callback = login_not_required(decided)  # each route has a decision of its own
    return [*declared, path("<path:rest>", login_not_required(nothing), name="nothing")]


urlpatterns = _patterns()
