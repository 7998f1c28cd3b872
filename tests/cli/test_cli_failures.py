"""A database that is away, tables that are missing, a disk that is full: exit code 1, and what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.postgres import free_port

NOTIFY = ("notify", "drill", "--title", "x", "--to", "user:ana")


def test_tables_that_are_missing(empty):
    said = empty.refused(*NOTIFY, code=1)
    assert "Run: tocsin migrate" in said
    assert str(empty.home / "tocsin.sqlite3") in said
    for command in ("serve", "worker"):
        assert "Run: tocsin migrate" in empty.refused(command, code=1)


def test_migrate_twice_is_harmless(empty):
    assert "migrations applied" in empty.run("migrate")
    assert "up to date" in empty.run("migrate")
    assert empty.run("channels")


def test_a_database_that_is_away(shell):
    url = f"postgresql://ana:s3cr3t@127.0.0.1:{free_port()}/tocsin"
    said = shell.refused(*NOTIFY, code=1, TOCSIN_DATABASE_URL=url)
    assert "The database tocsin on 127.0.0.1 cannot be used" in said
    assert "s3cr3t" not in said
    assert "tocsin on 127.0.0.1" in shell.attempt("doctor", TOCSIN_DATABASE_URL=url).stdout


def test_a_file_that_is_no_database(shell):
    (shell.home / "tocsin.sqlite3").write_bytes(b"this is no database at all" * 100)
    assert "cannot be used" in shell.refused(*NOTIFY, code=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_without_rights(shell):
    shell.home.chmod(0o500)
    try:
        assert "No right to do that" in shell.refused(
            "channels", code=1, TOCSIN_HOME=str(shell.home / "inner")
        )
    finally:
        shell.home.chmod(0o700)


def test_a_home_that_is_a_file(shell):
    file = shell.home / "file"
    file.touch()
    assert str(file) in shell.refused("channels", code=1, TOCSIN_HOME=str(file))


def test_a_database_that_is_full(shell):
    """SQLite's own limit makes it answer what it answers on a full disk."""
    code = (
        "from django.db.backends.signals import connection_created\n"
        "def limit(connection, **_):\n"
        "    cursor = connection.cursor()\n"
        "    pages = cursor.execute('PRAGMA page_count').fetchone()[0]\n"
        "    cursor.execute(f'PRAGMA max_page_count = {pages}')\n"
        "connection_created.connect(limit)\n"
        "from tocsin.cli import main\n"
        "main()\n"
    )
    body = "x" * 200_000
    done = subprocess.run(
        [sys.executable, "-c", code, *NOTIFY, "--body", "-"],
        env=shell.environment, cwd=shell.home, input=body, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "The disk of the database is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert shell.json("deliveries", "list") == []


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_disk_that_is_full(empty):
    """A home on a file system of 64 kB, filled to the last byte."""
    script = (
        'mount -t tmpfs -o size=64k tmpfs "$1" && cd "$1" && { cat /dev/zero > filler 2>/dev/null; '
        '"$2" -m tocsin.cli migrate; echo "code $?"; }'
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(empty.home), sys.executable],
        env=empty.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "code" not in done.stdout:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")
    assert done.stdout.endswith("code 1\n")
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_kept_locked(shell):
    """Reads go on under SQLite's WAL; a write gives up after its time, with a line."""
    code = (
        "from tocsin.server import database_url\n"
        "database_url.SQLITE_OPTIONS['timeout'] = 0.2\n"
        "from tocsin.cli import main\n"
        "main()\n"
    )
    keeper = sqlite3.connect(shell.home / "tocsin.sqlite3", isolation_level=None)
    keeper.execute("BEGIN IMMEDIATE")
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *NOTIFY],
            env=shell.environment, cwd=shell.home, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        keeper.close()
    assert done.returncode == 1, done.stderr
    assert "is busy" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_of_ours_is_a_line_and_with_traceback_all_of_it(shell):
    code = (
        "from tocsin.cli import channels, main\n"
        "def boom(**_): raise ZeroDivisionError('oh\\nno')\n"
        "channels.channels.callback = boom\n"
        "main()\n"
    )

    def run(*arguments):
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            command,
            env=shell.environment,
            cwd=shell.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    quiet, loud = run("channels"), run("--traceback", "channels")
    assert (quiet.returncode, loud.returncode) == (1, 1)
    assert "ZeroDivisionError: oh no" in quiet.stderr
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr
