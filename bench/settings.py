"""Django settings of the processes that tocsin is measured in: BENCH_DATABASE and BENCH_SMTP_PORT say where to."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import django

_url = urlsplit(os.environ["BENCH_DATABASE"])
if _url.scheme == "sqlite":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _url.path,
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path[1:],
            "USER": _url.username,
            "HOST": _url.hostname,
            "PORT": _url.port,
        }
    }

SECRET_KEY = "a key for measurements, which nobody trusts"
USE_TZ = True
DEFAULT_FROM_EMAIL = "Tocsin <tocsin@example.org>"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "tocsin"]
_port = int(os.environ.get("BENCH_SMTP_PORT", "25"))
if django.VERSION >= (6, 1):
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": _port},
        }
    }
else:
    EMAIL_HOST, EMAIL_PORT = "127.0.0.1", _port
TOCSIN = {
    "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
    "BASE_URL": "https://tocsin.example.org",
    "BROKER_URL": os.environ.get("BENCH_BROKER_URL", ""),
    "ENGINE": os.environ.get("BENCH_ENGINE", "worker"),  # no threads of its own: the row calls the pipeline
}
