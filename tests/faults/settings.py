"""Settings of the rig's processes: a database of the test's own, work done by workers, short leases."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as PLAIN_APPS
from tocsin.server.database_url import database

FOLDER = Path(os.environ["FAULTS_FOLDER"])
DATABASES = {"default": database(os.environ["FAULTS_DATABASE_URL"], FOLDER)}
DATABASES["default"]["OPTIONS"] |= json.loads(os.environ.get("FAULTS_DATABASE_OPTIONS", "{}"))

INSTALLED_APPS = [*PLAIN_APPS, "tests.faults"]
TOCSIN = {
    "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
    "ENGINE": "worker",
    "LEASE_SECONDS": 1,
    "RENEW_SECONDS": 0.3,
    "SWEEP_SECONDS": 0.2,
    "BACKOFF_SECONDS": 0.05,
    "BACKOFF_CAP_SECONDS": 0.5,
    "CHANNELS": {
        "journal": "tests.faults.journal_channel.JournalChannel",
        "other": "tests.faults.journal_channel.OtherChannel",
    },
    **json.loads(os.environ.get("FAULTS_TOCSIN", "{}")),
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(process)d %(threadName)s %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
