"""`tocsin drill`: a real alarm, end to end, and what arrived how fast; `doctor --me`; completion of the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import FOREIGN, SECONDS
from tocsin.recipients.destinations import add_destination

if TYPE_CHECKING:
    from tests.cli.shell import Shell


def test_it_reports_who_heard_it_and_how_fast(shell: Shell, relay) -> None:
    with shell.started("worker", TOCSIN_ENGINE="worker"):
        report = shell.json("drill", "--to", "user:ana", "--channel", "email", TOCSIN_ENGINE="worker")
        [delivery] = report["deliveries"]
        assert (delivery["who"], delivery["channel"], delivery["state"]) == ("ana", "email", "sent")
        assert 0 <= delivery["seconds"] < SECONDS
        [mail] = relay.accepted
        assert "This is a drill" in mail.parsed["subject"]
        assert shell.json("drill", "--report", report["event"], TOCSIN_ENGINE="worker")["ended"] is True


def test_who_is_not_reached_makes_it_fail(shell: Shell) -> None:
    shell.variables["TOCSIN_EMAIL_URL"] = "smtp://127.0.0.1:1"
    config = shell.home / "tocsin.toml"
    config.write_text("BACKOFF_SECONDS = 3600\n")  # else it may just be tried again
    shell.variables["TOCSIN_CONFIG"] = str(config)
    done = shell.attempt("drill", "--to", "user:ana", "--channel", "email", "--wait", "2s")
    assert done.returncode == 1
    assert "email\tretrying" in done.stdout
    assert "not over in time" in done.stderr


def test_one_for_later_only_says_its_id(shell: Shell) -> None:
    done = shell.attempt("drill", "--to", "user:ana", "--at", "+2h")
    assert done.returncode == 0
    assert f"drill --report {done.stdout.strip()}" in done.stderr


@pytest.mark.django_db
def test_nobody_is_no_drill(invoke) -> None:
    assert "--to" in invoke("drill", code=2).stderr
    assert "There is no event" in invoke("drill", "--report", "x", code=2).stderr


@pytest.mark.django_db
def test_the_doctor_tries_every_destination_of_somebody(invoke, django_user_model) -> None:
    ana = django_user_model.objects.create_user("ana")
    assert "ana has no destination" in invoke("doctor", "--me", "ana", code=None).stdout
    add_destination(ana, "memory", {"name": "ana"})
    found = json.loads(invoke("doctor", "--me", "ana", "--json", code=None).stdout)
    [tried] = [one for one in found if one["check"] == "test"]
    assert tried["status"] == "ok"
    assert "There is no user" in invoke("doctor", "--me", "nobody", code=None).stdout


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_scripts_complete(shell_name) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "tocsin.cli", "completion", shell_name],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "_TOCSIN_COMPLETE" in script


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tocsin do", ["doctor"]),
        ("tocsin series ", ["add", "cancel", "list"]),
        ("tocsin doctor --m", ["--me"]),
    ],
)
def test_commands_and_options_are_completed(words, found) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    asked = {"_TOCSIN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "from tocsin.cli import main; main(prog_name='tocsin')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | asked, capture_output=True, text=True, check=True
    )
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == found
