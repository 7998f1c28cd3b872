"""The addresses of a project with the adapter."""

from django.urls import include, path

urlpatterns = [path("", include("tocsin.adapters.sentry.urls")), path("", include("tests.urls"))]
