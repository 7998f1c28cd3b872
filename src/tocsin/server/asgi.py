"""`uvicorn tocsin.server.asgi:application`: the server as one ASGI callable."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.server.settings")
django.setup()

from tocsin.server.router import Application  # noqa: E402 (needs the settings)

application = Application()
