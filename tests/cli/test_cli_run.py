"""`tocsin run -- COMMAND` as a shell calls it: output and exit code pass through, and how it ended is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import eventually

if TYPE_CHECKING:
    from tests.cli.shell import Shell


def told(shell: Shell) -> dict:
    """The one run that was told."""
    [task] = shell.json("tasks", "list")
    return task


def attempt(shell: Shell, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = shell.attempt("run", *arguments)
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    return done


def sh(shell: Shell, script: str, *options: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return attempt(shell, *options, "--", "sh", "-c", script, code=code)


def test_a_command_that_says_error_and_ends_well(shell: Shell) -> None:
    done = sh(shell, "echo ERROR x; echo to stderr >&2; exit 0")
    assert done.stdout == "ERROR x\n"
    assert done.stderr == "to stderr\n"
    assert (told(shell)["name"], told(shell)["status"]) == ("sh", "errors")


@pytest.mark.parametrize(
    ("script", "options", "code", "status"),
    [
        ("echo fine", (), 0, "ok"),
        ("echo WARNING: thin ice >&2", (), 0, "warnings"),
        ("exit 3", (), 3, "failed"),
        ("kill -9 $$", (), 137, "failed"),
        ("echo FATAL", ("--error", "FATAL"), 0, "errors"),
        ("echo ERROR", ("--error", "FATAL"), 0, "ok"),
        ("echo deprecated", ("--warning", "(?i)DEPRECATED"), 0, "warnings"),
        ("sleep 60", ("--timeout", "1s"), 124, "failed"),
        ("trap '' TERM; sleep 60 & wait; sleep 60", ("--timeout", "1s", "--kill-after", "1s"), 124, "failed"),
    ],
)
def test_how_it_ends_is_told_and_passed_on(shell: Shell, script, options, code, status) -> None:
    sh(shell, script, "--name", "job", *options, code=code)
    assert told(shell)["status"] == status


def test_a_command_that_is_not_there(shell: Shell) -> None:
    done = attempt(shell, "--name", "job", "--", "no-such-command-anywhere", code=127)
    assert "no-such-command-anywhere: there is no such command" in done.stderr
    assert told(shell)["status"] == "failed"


def test_what_is_no_program(shell: Shell, tmp_path) -> None:
    (tmp_path / "text").write_text("no program")
    done = attempt(shell, "--", str(tmp_path / "text"), code=126)
    assert "Permission denied" in done.stderr


def test_who_is_named_gets_a_mail_with_the_end_of_the_log(shell: Shell, relay) -> None:
    sh(
        shell,
        "for i in $(seq 50); do echo line $i; done; exit 7",
        "--name",
        "nightly import",
        "--to",
        "user:ana",
        code=7,
    )
    with shell.started("worker", TOCSIN_ENGINE="worker"):
        [mail] = eventually(lambda: relay.accepted)
    text = mail.parsed.get_body(("plain",)).get_content()
    assert "nightly import failed" in mail.parsed["subject"]
    assert "exit code 7" in mail.parsed["subject"]
    assert "line 50" in text
    assert "line 30\n" not in text


def test_arguments_are_not_kept(shell: Shell) -> None:
    sh(shell, "true # s3cret")
    data = b"".join(path.read_bytes() for path in shell.home.rglob("*") if path.is_file())
    assert b"s3cret" not in data


def test_a_database_that_is_away_is_waited_for(shell: Shell) -> None:
    away = shell.home / "away.sqlite3"
    database = next(shell.home.glob("*.sqlite3"))
    database.rename(away)
    database.mkdir()  # nothing can be opened there
    done = sh(shell, "echo ERROR; exit 5", "--name", "backup", code=5)
    assert done.stdout == "ERROR\n"
    assert "the report waits until the database is back" in done.stderr
    database.rmdir()
    away.rename(database)
    sh(shell, "true", "--name", "other")
    names = {task["name"]: task["status"] for task in shell.json("tasks", "list")}
    assert names == {"backup": "failed", "other": "ok"}
    assert not list((shell.home / "spool").iterdir())


def test_settings_that_are_broken_keep_no_command_from_running(shell: Shell) -> None:
    shell.variables["TOCSIN_DATABASE_URL"] = "nonsense://"
    done = sh(shell, "echo done; exit 4", code=4)
    assert done.stdout == "done\n"
    assert "the report waits in" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument"),
        (("--error", "((", "--", "true"), "is no pattern"),
        (("--timeout", "soon", "--", "true"), "is no length of time"),
        (("--keep", "-1", "--", "true"), "--keep"),
    ],
)
def test_wrong_usage_runs_nothing(shell: Shell, arguments, said) -> None:
    assert said in shell.refused("run", *arguments)


def start(shell: Shell, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin.cli", "run", *arguments],
        env=shell.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_signals_are_the_commands(shell: Shell) -> None:
    process = start(
        shell,
        "--name",
        "job",
        "--",
        "sh",
        "-c",
        "trap 'echo WARNING told; exit 9' TERM; echo up; sleep 60 & wait",
    )
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert (out, process.returncode) == (b"WARNING told\n", 9)
    assert told(shell)["status"] == "failed"


def test_a_daemon_that_it_leaves_behind_holds_up_nobody(shell: Shell) -> None:
    began = time.monotonic()
    sh(shell, "sleep 40 & echo started")
    assert time.monotonic() - began < 35
    assert told(shell)["status"] == "ok"


def test_garbage_and_much_of_it_costs_little_memory(shell: Shell) -> None:
    script = "head -c 100000000 /dev/urandom; yes ERROR | head -c 10000000"
    process = start(shell, "--name", "flood", "--", "sh", "-c", script)
    most, total = 0, 0
    while chunk := process.stdout.read(1 << 20):
        total += len(chunk)
        most = max(most, kilobytes(process.pid))
    assert process.wait(60) == 0
    assert total == 110_000_000
    assert 0 < most < 80_000
    assert told(shell)["status"] == "errors"


def kilobytes(pid: int) -> int:
    """The most memory that a process has had; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), 0))


def test_whoever_reads_us_may_go(shell: Shell) -> None:
    process = start(shell, "--name", "job", "--", "sh", "-c", "yes | head -c 10000000; echo WARNING")
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(60) == 0
    assert told(shell)["status"] == "warnings"


def test_tasks_are_listed_and_forgotten(shell: Shell) -> None:
    assert "No task has been reported" in shell.attempt("tasks", "list").stderr
    sh(shell, "true", "--name", "job", "--every", "1d", "--grace", "1h")
    assert shell.run("tasks", "list").startswith("job\tok\t")
    assert told(shell)["every_seconds"] == 86_400
    assert "is forgotten" in shell.run("tasks", "forget", "job")
    assert "There is no task" in shell.refused("tasks", "forget", "job")
