"""Settings of the server that is measured: those of the other rows, and addresses."""

from __future__ import annotations

from bench.settings import *  # noqa: F403 (the database and the rest)

ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.inside.addresses"
STATIC_URL = "static/"
MIDDLEWARE: list[str] = []
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}  # noqa: F405 (as the standalone server has it)
