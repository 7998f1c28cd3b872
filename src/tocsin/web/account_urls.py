"""Signing in and out, for the standalone server; a host has its own."""

from __future__ import annotations

from django.contrib.auth import views
from django.urls import path

from tocsin.web.access import for_anyone
from tocsin.web.policy import strict

_sign_in = views.LoginView.as_view(template_name="tocsin/login.html", redirect_authenticated_user=True)

app_name = "tocsin-account"
urlpatterns = [
    path(
        "login/",
        strict(for_anyone(_sign_in)),
        name="login",
    ),
    path("logout/", for_anyone(views.LogoutView.as_view()), name="logout"),
]
