"""A small host for engine tests: settings from the environment, one database file, an inbox for users."""

from __future__ import annotations

import os

SECRET_KEY = "a key for engine tests, long enough for anyone's taste"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "tocsin"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["TEST_DATABASE"],
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
TOCSIN = {
    "ENGINE": os.environ.get("TEST_ENGINE", "inline"),
    "BROKER_URL": os.environ.get("TEST_BROKER_URL", ""),
    "CELERY_APP": os.environ.get("TEST_CELERY_APP", ""),
    "SWEEP_SECONDS": float(os.environ.get("TEST_SWEEP", "0.2")),
    "LEASE_SECONDS": 1,
    "RENEW_SECONDS": 0.3,
    "INLINE_DRAIN_SECONDS": 5,
}
