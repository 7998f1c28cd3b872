"""Settings of the test suite: a plain host on SQLite, or on PostgreSQL with TOCSIN_TEST_DATABASE=postgresql.

The file name of the SQLite database and the address of PostgreSQL are filled in by `conftest.py`.
"""

from __future__ import annotations

import os
import tempfile

VENDOR = os.environ.get("TOCSIN_TEST_DATABASE", "sqlite")

if VENDOR == "postgresql":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "TEST": {"NAME": "test_tocsin"},
        }
    }
elif VENDOR == "sqlite":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "tests.sqlite3",
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
            "TEST": {"NAME": "test_tocsin.sqlite3"},
        }
    }
else:
    raise ValueError(f"TOCSIN_TEST_DATABASE is {VENDOR!r}; it must be sqlite or postgresql.")

SECRET_KEY = "a key for tests, which must not be short, and which nobody trusts"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
LOGIN_URL = "/accounts/login/"
STATIC_URL = "static/"
DEFAULT_FROM_EMAIL = "Tocsin <tocsin@example.org>"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tocsin",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

TOCSIN = {
    "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
    "BASE_URL": "http://testserver",
    "HOME": tempfile.gettempdir() + f"/tocsin-tests-{os.getpid()}",
    "LEASE_SECONDS": 1,
    "RENEW_SECONDS": 0.3,
    "SWEEP_SECONDS": 0.2,
}
