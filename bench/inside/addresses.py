"""Addresses of the server that is measured: as in a host, without a prefix."""

from django.urls import include, path

urlpatterns = [path("", include("tocsin.urls"))]
