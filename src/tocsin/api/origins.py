"""Pages of other origins: those that the settings name may call the routes of the inbox, with a token (CORS)."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers

from tocsin import conf

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

SHARED = "inbox"
"""Where the paths begin that other origins may call."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}
EXPOSED = "Date, ETag, Retry-After"


def shared(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view`, for pages of `INBOX_ORIGINS` too. Their cookies are never asked for: they bring a token."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        origins = conf.get("INBOX_ORIGINS")
        if not origins:
            return view(request, *args, **kwargs)
        origin = request.headers.get("Origin", "")
        if origin in origins and _asks_first(request):
            response = HttpResponse(status=204, headers=PREFLIGHT)
        else:
            response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["Origin"])
        if origin in origins:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED
        return response

    return answered


def _asks_first(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
