"""Settings of the shop. HOST_DATABASE is a SQLite file or a postgresql:// URL, HOST_MAIL the port of its relay."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import django

DATABASE = os.environ["HOST_DATABASE"]
if DATABASE.startswith("postgresql:"):
    url = urlsplit(DATABASE)
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
                             "HOST": url.hostname, "PORT": url.port}}  # fmt: skip
else:
    DATABASES = {"default": {
        "ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE, "OPTIONS": {
            "transaction_mode": "IMMEDIATE", "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"},
    }}  # fmt: skip

MAIL_PORT = int(os.environ.get("HOST_MAIL", "1"))
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                           "OPTIONS": {"host": "127.0.0.1", "port": MAIL_PORT}}}  # fmt: skip
else:
    EMAIL_HOST, EMAIL_PORT = "127.0.0.1", MAIL_PORT

SECRET_KEY = "the shop's key, which is long enough and known to everybody"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
TIME_ZONE = "Europe/Oslo"
ROOT_URLCONF = "shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
DEFAULT_FROM_EMAIL = "The shop <shop@example.com>"

AUTH_USER_MODEL = "shop.Customer"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # nobody lives here
LOGIN_URL = "/door/"
LOGIN_REDIRECT_URL = "/bells/inbox/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "shop",
    "tocsin",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                       "django.contrib.auth.context_processors.auth",
                                       "django.contrib.messages.context_processors.messages"]},
}]  # fmt: skip

TOCSIN = {
    "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
    "ENGINE": os.environ.get("HOST_ENGINE", "inline"),
    "LEASE_SECONDS": 1,
    "RENEW_SECONDS": 0.3,
    "SWEEP_SECONDS": 0.2,
    "USER_FIELDS": {"name": "full_name", "locale": "language"},
}
