"""The static files of the standalone server, found where the installed apps keep them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.staticfiles import finders
from django.http import Http404
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from django.views.static import serve

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

KEEP_SECONDS = 3600


@gzip_page
@require_safe
def static_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """One file of an installed app, compressed; answers 304 where the browser has it."""
    found = finders.find(path)
    if not found:
        raise Http404(path)
    response = serve(request, Path(found).name, document_root=str(Path(found).parent))
    response.headers["Cache-Control"] = f"max-age={KEEP_SECONDS}, public"
    if path.startswith("tocsin/") and path.endswith(".js"):
        response.headers["Access-Control-Allow-Origin"] = "*"  # modules for pages of other origins
    return response
