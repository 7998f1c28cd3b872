"""All addresses, for a host's `include("tocsin.urls")`: the API, the health of the server, and the pages."""

from __future__ import annotations

from typing import Any

from django.urls import URLResolver, include, path
from django.urls.resolvers import RoutePattern

from tocsin import conf
from tocsin.api import health, metrics


class Later(URLResolver):
    """Addresses whose module is imported when one of them is asked for, not when Django lists those around them.

    A command that only links to a page would wait for the whole API, longer than for all else that it does.
    """

    asked = False

    def __init__(self, route: str, module: str, space: str) -> None:
        super().__init__(RoutePattern(route, is_endpoint=False), module, app_name=space, namespace=space)

    def _populate(self) -> None:
        if self.asked:
            super()._populate()

    @property
    def reverse_dict(self) -> Any:
        self.asked = True
        return super().reverse_dict

    @property
    def namespace_dict(self) -> Any:
        self.asked = True
        return super().namespace_dict

    @property
    def app_dict(self) -> Any:
        self.asked = True
        return super().app_dict


urlpatterns = [
    Later("api/v1/", "tocsin.api.urls", "tocsin-api"),
    path("healthz", health.healthz, name="tocsin-healthz"),
    path("readyz", health.readyz, name="tocsin-readyz"),
    path("metrics", metrics.metrics, name="tocsin-metrics"),
    *([path("", include("tocsin.adapters.sentry.urls"))] if "sentry" in conf.get("ADAPTERS") else []),
    path("", include("tocsin.web.urls")),
]
