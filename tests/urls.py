"""URLs of the test suite's own host."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(template_name="tocsin/login.html"), name="login"),
    path("tocsin/", include("tocsin.urls")),
]
