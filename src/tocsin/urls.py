"""All addresses, for a host's `include("tocsin.urls")`: the API, the health of the server, and the pages."""

from __future__ import annotations

from django.urls import include, path

from tocsin.api import health
from tocsin.api.urls import included as api

urlpatterns = [
    path("api/v1/", include(api)),
    path("healthz", health.healthz, name="tocsin-healthz"),
    path("readyz", health.readyz, name="tocsin-readyz"),
    path("", include("tocsin.web.urls")),
]
