"""The five steps of the README, typed into what `django-admin startproject` makes, and nothing else."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time

import pytest

from tests.house.tree import ROOT, text
from tests.servers.smtp_catcher import SmtpCatcher

SECTION = re.search(r"^## Into your project.*?(?=^## )", text(ROOT / "README.md"), re.MULTILINE | re.DOTALL)[
    0
]
STEPS = {
    int(n): code
    for n, code in re.findall(r"^(\d)\. .*?\n\n    ```\w+\n(.*?)    ```", SECTION, re.MULTILINE | re.DOTALL)
}
MAIL = """
import django
if django.VERSION >= (6, 1):
    MAILERS = {{"default": {{"BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                             "OPTIONS": {{"host": "{host}", "port": {port}}}}}}}
else:
    EMAIL_HOST, EMAIL_PORT = "{host}", {port}
"""
PATIENCE = 60.0


def step(number):
    return "\n".join(line.strip() for line in STEPS[number].splitlines())


def manage(project, *arguments, **options):
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=project, env=environment(),
                          capture_output=True, check=False, text=True, timeout=2 * PATIENCE, **options)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def environment():
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "TOCSIN_", "PYTEST"))
    }
    return kept | {"PYTHONPATH": str(ROOT / "src")}


@pytest.fixture
def catcher():
    with SmtpCatcher() as server:
        yield server


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A bare project after steps two to four. Step one is the environment of the tests."""
    folder = tmp_path_factory.mktemp("five-steps")
    subprocess.run([sys.executable, "-m", "django", "startproject", "mysite", str(folder)],
                   check=True, env=environment(), cwd=folder)  # fmt: skip
    settings, urls = folder / "mysite/settings.py", folder / "mysite/urls.py"
    settings.write_text(text(settings) + step(2) + "\n")
    urls.write_text("from django.urls import include\n" + text(urls) + step(3) + "\n")
    assert step(4) == "python manage.py migrate"
    manage(folder, "migrate")
    return folder


@pytest.fixture
def project(migrated, tmp_path, catcher):
    """A copy of it that can send e-mail."""
    made = tmp_path / "project"
    shutil.copytree(migrated, made)
    with (made / "mysite/settings.py").open("a") as settings:
        settings.write(MAIL.format(host=catcher.host, port=catcher.port))
    return made


def test_the_readme_names_five_steps():
    assert sorted(STEPS) == [1, 2, 3, 4, 5]
    assert step(1) == "pip install tocsin"


def test_a_shell_sends_while_it_is_open(project, catcher):
    """The lines are typed one by one at a terminal; the message must come while the prompt still waits."""
    ours, theirs = pty.openpty()
    shell = subprocess.Popen([sys.executable, "manage.py", "shell", "-i", "python", "-v", "0"], cwd=project,
                             env=environment(), stdin=theirs, stdout=theirs, stderr=theirs)  # fmt: skip
    os.close(theirs)
    try:
        os.write(ours, (step(5) + "\n").encode())
        deadline = time.monotonic() + PATIENCE
        while not catcher.messages and time.monotonic() < deadline:
            time.sleep(0.02)
        assert catcher.messages, os.read(ours, 100_000).decode(errors="replace")
        assert shell.poll() is None
        assert [message.recipients for message in catcher.messages] == [["you@example.com"]]
        assert catcher.messages[0].parsed["Subject"] == "It works"
        os.write(ours, b"exit()\n")
        assert shell.wait(PATIENCE) == 0
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)
    assert "sent" in manage(project, "tocsin", "deliveries", "list").stdout


def test_a_script_sends_before_it_ends(project, catcher):
    """Piped into the shell, the lines leave no time at all: what is in hand is finished at the exit."""
    done = manage(project, "shell", input=step(5) + "\n")
    assert [message.recipients for message in catcher.messages] == [["you@example.com"]], done.stderr
    assert "Traceback" not in done.stderr
    assert "sent" in manage(project, "tocsin", "deliveries", "list").stdout


def test_what_is_rolled_back_is_not_said(project, catcher):
    lines = "from django.db import transaction\nwith transaction.atomic():\n" + "".join(
        f"    {line}\n" for line in [*step(5).splitlines(), "transaction.set_rollback(True)"])  # fmt: skip
    manage(project, "shell", "-c", lines)
    assert catcher.messages == []
    assert "you@example.com" not in manage(project, "tocsin", "deliveries", "list").stdout
