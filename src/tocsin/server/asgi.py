"""`uvicorn tocsin.server.asgi:application`: the server as one ASGI callable."""

import os

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
if not apps.ready:  # a second time it would take the log back to where the settings have it
    django.setup()

from tocsin.server.router import Application

application = Application()
