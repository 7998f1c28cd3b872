"""The addresses, under the prefix that Sentry has."""

from __future__ import annotations

from django.urls import path

from tocsin.adapters.sentry import views

NOTIFICATIONS = "api/0/organizations/<str:organization>/notifications"

urlpatterns = [
    path(f"{NOTIFICATIONS}/actions/", views.actions, name="tocsin-sentry-actions"),
    path(f"{NOTIFICATIONS}/actions/<int:action_id>/", views.action, name="tocsin-sentry-action"),
    path(f"{NOTIFICATIONS}/available-actions/", views.available, name="tocsin-sentry-available"),
]
