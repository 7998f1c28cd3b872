"""Engines in real processes: a script that only notifies, a fork, a worker, and a worker that is told to end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.warm import warm

if TYPE_CHECKING:
    from tests.warm import Process, Warm

ROOT = Path(__file__).parents[2]
DEADLINE = 20.0

APART = "import os; os.setsid()\n"
"""Those that a process starts end with it, in `Host.stop`."""
START = "import django; django.setup(); import tocsin\n"
PEOPLE = START + (
    "from django.core.management import call_command; call_command('migrate', verbosity=0)\n"
    "from django.contrib.auth.models import User; User.objects.create_user('ana', 'ana@example.org')\n"
)
NOTIFY = "tocsin.notify('message:internal', title='x', to=['user:ana', 'memory:desk'])\n"
WAIT = (
    "import time; from tocsin.models import Delivery\n"
    "end = time.monotonic() + 15\n"
    "while not Delivery.objects.filter(state='sent').exists() and time.monotonic() < end: time.sleep(0.02)\n"
)
# As servers that load the site first do it: connections are closed, nothing is in hand.
FORK = "import os; from django.db import connections; connections.close_all()\nif os.fork(): os.wait()\n"
WORKER = START + (
    "from tocsin import engines; from tocsin.engines.worker import WorkerProcess\n"
    "WorkerProcess(engines.work()).run()\n"
)


class Host:
    """Runs Python code in processes of their own, on a database with one user."""

    def __init__(self, database: Path, python: Warm | None = None) -> None:
        self.database = database
        self.environment = os.environ | {
            "TEST_DATABASE": str(database),
            "DJANGO_SETTINGS_MODULE": "tests.engines.host",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        }
        self._python = python or warm()
        self._started: list[Process] = []

    def start(self, code: str, *, ways_out: int = subprocess.DEVNULL, **extra: str) -> Process:
        """`python -c CODE`, ended with us at the latest."""
        process = self._python.start(
            ["-c", APART + code], self.environment | extra, ROOT, stdout=ways_out, stderr=ways_out
        )
        self._started.append(process)
        return process

    def run(self, code: str, **extra: str) -> None:
        process = self.start(code, ways_out=subprocess.PIPE, **extra)
        _, errors = process.finish(b"", 60)
        assert process.returncode == 0, errors.decode()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return list(connection.execute(sql))

    def stop(self) -> None:
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.close()


@pytest.fixture(scope="module")
def with_people(tmp_path_factory):
    """A migrated database with one user, to be copied."""
    made = Host(tmp_path_factory.mktemp("engines") / "host.sqlite3")
    made.run(PEOPLE)
    return made.database


@pytest.fixture
def host(with_people, tmp_path):
    made = Host(shutil.copy(with_people, tmp_path / "host.sqlite3"))
    yield made
    made.stop()


def states(host) -> list[str]:
    rows = host.rows("SELECT state FROM tocsin_delivery UNION ALL SELECT 'item' FROM tocsin_inboxitem")
    return sorted(row[0] for row in rows)


def wait_until(condition) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_a_script_that_notifies_and_ends_has_sent(host) -> None:
    host.run(START + NOTIFY)
    assert states(host) == ["item", "sent"]


def test_what_is_rolled_back_is_not_sent(host) -> None:
    host.run(
        START
        + "from django.db import transaction\ntry:\n with transaction.atomic():\n  "
        + NOTIFY
        + "  raise KeyError\nexcept KeyError: pass\n"
    )
    assert states(host) == []


def test_a_forked_child_starts_threads_of_its_own(host) -> None:
    host.run(START + NOTIFY + WAIT + FORK + "else:\n " + NOTIFY)
    assert states(host) == ["item", "item", "sent", "sent"]


def test_a_process_that_migrates_starts_no_threads(host) -> None:
    host.run(
        START
        + "import sys; sys.argv = ['manage.py', 'migrate']\n"
        + NOTIFY
        + "import threading; assert threading.active_count() == 1\n"
    )
    assert states(host) == []


def test_a_worker_does_the_work_of_others_and_ends_when_it_is_told(host) -> None:
    worker = host.start(WORKER, TEST_ENGINE="worker")
    host.run(START + NOTIFY, TEST_ENGINE="worker")
    wait_until(lambda: states(host) == ["item", "sent"])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(DEADLINE) == 0
    assert host.rows("SELECT count(*) FROM tocsin_worker") == [(0,)]


def test_web_processes_leave_the_work_to_workers_where_the_settings_say_so(host) -> None:
    host.run(
        START + NOTIFY + "import threading; assert threading.active_count() == 1\n", TEST_ENGINE="worker"
    )
    assert states(host) == []


def test_work_left_by_a_process_that_was_killed_is_done_by_the_next(host) -> None:
    process = host.start(START + NOTIFY + "import os; os._exit(9)\n")
    process.wait(DEADLINE)
    host.run(
        START + "from tocsin.engines import inline; inline.start(); import time\n"
        "from tocsin.models import Event\n"
        "end = time.monotonic() + 15\n"
        "while Event.objects.exclude(state='planned').exists() and time.monotonic() < end: time.sleep(0.05)\n"
    )
    assert states(host) == ["item", "sent"]
