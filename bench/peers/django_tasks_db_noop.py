"""django-tasks-db: tasks that do nothing, from a queue filled before. Arguments: database count."""

import json
import logging
import sys
import time
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command

url, count = urlsplit(sys.argv[1]), int(sys.argv[2])
logging.disable(logging.WARNING)
settings.configure(
    SECRET_KEY="nobody trusts it",
    USE_TZ=True,
    INSTALLED_APPS=["django_tasks_db"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path[1:],
            "USER": url.username,
            "HOST": url.hostname,
            "PORT": url.port,
        }
    },
    TASKS={"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}},
)
django.setup()

from bench_noop import noop  # noqa: E402  it needs the settings

call_command("migrate", verbosity=0)
for _ in range(count):
    noop.enqueue()
start = time.perf_counter()
call_command("db_worker", batch=True, verbosity=0, startup_delay=False)
print(json.dumps({"rate": count / (time.perf_counter() - start)}), flush=True)
