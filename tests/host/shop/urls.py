"""The shop's addresses: its own door, its back office, and the bells under a prefix of their own."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path

urlpatterns = [
    path("door/", LoginView.as_view(template_name="shop/door.html")),
    path("office/", admin.site.urls),
    path("bells/", include("tocsin.urls")),
]
