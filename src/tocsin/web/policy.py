"""The Content-Security-Policy of our pages: nothing inline, nothing from elsewhere."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.template.loader import get_template
from django.templatetags.static import static

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

FRAME = "tocsin/base.html"
OURS = Path(__file__).resolve().parent.parent / "templates"


def strict(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Send the policy with every answer of `view`, unless a host's own frame is around the page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if _frame_is_ours():
            response.headers.setdefault("Content-Security-Policy", policy())
        return response

    return guarded


def policy() -> str:
    """The header's value; static files may live on another host."""
    place = urlsplit(static("tocsin/inbox.js"))
    files = f"'self' {place.scheme}://{place.netloc}" if place.netloc and place.scheme else "'self'"
    return (
        f"default-src 'none'; script-src {files}; style-src {files}; img-src {files} data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _frame_is_ours() -> bool:
    """A host that overrides the frame brings scripts and styles of its own, and the policy that fits them."""
    origin: Any = getattr(get_template(FRAME), "origin", None)
    return origin is None or OURS in Path(str(origin.name)).parents
