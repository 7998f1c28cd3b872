"""All addresses, for a host's `include("tocsin.urls")`: the API, the health of the server, and the pages."""

from __future__ import annotations

from django.urls import include, path

from tocsin import conf
from tocsin.api import health, metrics
from tocsin.api.urls import included as api

urlpatterns = [
    path("api/v1/", include(api)),
    path("healthz", health.healthz, name="tocsin-healthz"),
    path("readyz", health.readyz, name="tocsin-readyz"),
    path("metrics", metrics.metrics, name="tocsin-metrics"),
    *([path("", include("tocsin.adapters.sentry.urls"))] if "sentry" in conf.get("ADAPTERS") else []),
    path("", include("tocsin.web.urls")),
]
