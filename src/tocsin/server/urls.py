"""Addresses of the standalone server: everything at the root."""

from __future__ import annotations

from django.urls import include, path

from tocsin.server.static import static_file

handler404 = "tocsin.server.errors.missing"
handler500 = "tocsin.server.errors.broken"
urlpatterns = [
    path("account/", include("tocsin.web.account_urls")),
    path("static/<path:path>", static_file),
    path("", include("tocsin.urls")),
]
