"""Django settings of the standalone server, made of the TOCSIN_* variables and the TOML file."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any
from urllib.parse import urlsplit

from tocsin import conf, values
from tocsin.compat import HAS_MAILERS
from tocsin.server import home, variables
from tocsin.server.database_url import database
from tocsin.server.email_url import mail_server, mail_settings
from tocsin.server.logs import logging_settings

HOME = home.home_of(os.environ.get("TOCSIN_HOME", ""))
TOCSIN: dict[str, Any] = variables.tocsin_settings(os.environ)
globals().update({name: TOCSIN.pop(name) for name in values.ADAPTED if name in TOCSIN})


def _problem(name: str, value: Any) -> str:
    if name not in conf.SETTINGS:
        return f"is no setting. {conf.nearest(name, conf.SETTINGS)}"
    problem = conf.SETTINGS[name].problem(value)
    return f"{problem}." if problem else ""


variables.refuse_unfit(TOCSIN, _problem)
if not TOCSIN.get("SECRET_KEYS"):
    TOCSIN["SECRET_KEYS"] = tuple(home.kept(HOME, home.KEYS_FILE, home.new_secret_key).split())
    variables.refuse_unfit({"SECRET_KEYS": TOCSIN["SECRET_KEYS"]}, _problem)
if not TOCSIN.get("WEBPUSH_KEYS"):
    TOCSIN["WEBPUSH_KEYS"] = home.found(HOME, home.WEBPUSH_FILE)
    variables.refuse_unfit({"WEBPUSH_KEYS": TOCSIN["WEBPUSH_KEYS"]}, _problem)


def _signing_key(key: str) -> str:
    return hmac.digest(key.encode(), b"tocsin: Django's SECRET_KEY", hashlib.sha256).hex()


# Derived, so that one thing is backed up and rotated: the first key signs, the older ones still verify.
SECRET_KEY, *SECRET_KEY_FALLBACKS = (_signing_key(key) for key in TOCSIN["SECRET_KEYS"])

_base = urlsplit(TOCSIN.get("BASE_URL", ""))
DEBUG = False
ALLOWED_HOSTS = [*filter(None, [_base.hostname]), "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"] if _base.netloc else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _base.scheme == "https"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "tocsin_session"
CSRF_COOKIE_NAME = "tocsin_csrftoken"
SECURE_HSTS_SECONDS = 31_536_000 if _base.scheme == "https" else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

ROOT_URLCONF = "tocsin.server.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tocsin",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

DATABASES = {"default": database(os.environ.get("TOCSIN_DATABASE_URL", ""), HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "tocsin-account:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "tocsin.server.errors.stale"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = TOCSIN.get("FROM_EMAIL") or "tocsin@localhost"
LOGGING = logging_settings(variables.log_format(os.environ))
globals().update(mail_settings(mail_server(os.environ.get("TOCSIN_EMAIL_URL", "")), as_mailers=HAS_MAILERS))
