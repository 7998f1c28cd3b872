"""`tocsin demo`: everything ends as it should, nothing is left behind, and it notices when it does not."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

from tests.cli.shell import eventually


def test_once_ends_as_it_should_and_leaves_the_home_and_the_variables_of_the_caller_alone(shell):
    before = sorted(shell.home.iterdir())
    done = shell.attempt(
        "demo", "--once", TOCSIN_ENGINE="worker", TOCSIN_DATABASE_URL="postgresql://nowhere/x"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    verdicts = re.findall(r"^(PASS|FAIL)  (.+)$", done.stdout, re.MULTILINE)
    assert {verdict for verdict, _ in verdicts} == {"PASS"}
    assert len(verdicts) > 20
    assert sorted(shell.home.iterdir()) == before


def test_it_notices_a_message_that_does_not_arrive(empty):
    code = (
        "from tocsin.cli.demo import places\n"
        "places.Echo.take = lambda self, headers, body: False\n"
        "from tocsin.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "demo", "--once"],
        env=empty.environment, cwd=empty.home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    failed = re.findall(r"^FAIL  (.+)$", done.stdout, re.MULTILINE)
    assert failed == ["Build 7 is green: webhook reaches ana"]
    assert list(empty.home.iterdir()) == []


def test_it_is_told_to_end_while_it_begins(empty, tmp_path_factory):
    """A module dies by the signal, whatever its exit code, where a KeyboardInterrupt passed an exec of text."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "early.py").write_text("""
import django
from tocsin.cli import main

def set_up():
    real_setup()
    from tocsin.engines import inline
    inline.start = lambda: exec("import os, signal; os.kill(os.getpid(), signal.SIGINT); os.getpid()")

real_setup, django.setup = django.setup, set_up
main()
""")
    done = subprocess.run(
        [sys.executable, "-m", "early", "demo"],
        env=empty.environment | {"PYTHONPATH": str(folder)},
        cwd=empty.home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "its files are gone" in done.stderr
    assert list(empty.home.iterdir()) == []


def test_it_serves_until_it_is_told_to_end(empty):
    with empty.started("demo") as demo:
        eventually(lambda: list(empty.home.glob("*/env")), 60)
        assert demo.end(signal.SIGINT) == 0
        assert "its files are gone" in demo.lines[-1]
    assert list(empty.home.iterdir()) == []


def test_serving_leaves_the_log_where_the_demo_put_it(empty):
    code = (
        "import os, logging, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tocsin.server.settings'\n"
        "django.setup()\n"
        "logging.getLogger().handlers = []\n"
        "import tocsin.server.asgi\n"
        "print(logging.getLogger().handlers)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=empty.environment, cwd=empty.home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stderr
