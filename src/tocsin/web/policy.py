"""The Content-Security-Policy of our pages: nothing inline, nothing from elsewhere."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.template.loader import get_template
from django.templatetags.static import static
from django.views.decorators.clickjacking import xframe_options_sameorigin

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

FRAME = "tocsin/base.html"
PICTURE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)
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


def strict_with_frame(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same for a page that shows another of our own in a frame."""

    @wraps(view)
    def framing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if _frame_is_ours():
            response.headers["Content-Security-Policy"] = f"{policy()}; frame-src 'self'"
        return response

    return framing


def strict_picture(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For what is shown in such a frame: it has styles of its own, and may do nothing and load nothing."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = PICTURE
        return response

    return xframe_options_sameorigin(shown)


def policy() -> str:
    """The header's value; static files may live on another host."""
    place = urlsplit(static("tocsin/inbox.js"))
    files = f"'self' {place.scheme}://{place.netloc}" if place.netloc and place.scheme else "'self'"
    return (
        f"default-src 'none'; script-src {files}; style-src {files}; img-src {files} data:; connect-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _frame_is_ours() -> bool:
    """A host that overrides the frame brings scripts and styles of its own, and the policy that fits them."""
    origin: Any = getattr(get_template(FRAME), "origin", None)
    return origin is None or OURS in Path(str(origin.name)).parents
