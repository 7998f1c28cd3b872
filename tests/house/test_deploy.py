"""What `deploy/` says is what there is: commands that exist, variables that are read, units that systemd can load."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.house.tree import ROOT, text
from tocsin.cli import SECTIONS
from tocsin.server.variables import VARIABLES

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer"))
COMMANDS = {name for members in SECTIONS.values() for name in members}


def called(line: str) -> list[str]:
    """The subcommands of tocsin in a command line."""
    words = shlex.split(line.replace("&&", " ").replace("exec ", " "))
    return [words[i + 1] for i, word in enumerate(words[:-1]) if Path(word).name == "tocsin"]


def test_units_call_commands_that_exist() -> None:
    lines = [line for unit in UNITS for line in re.findall(r"^Exec\w+=(.*)$", text(unit), re.MULTILINE)]
    found = {name for line in lines for name in called(line)}
    assert found == {"migrate", "serve", "worker", "run", "prune"}
    assert found <= COMMANDS


def test_the_image_and_the_compose_file_call_commands_that_exist() -> None:
    compose = yaml.safe_load(text(DEPLOY / "compose.yaml"))
    commands = [service["command"] for service in compose["services"].values() if "command" in service]
    for line in commands:
        inner = re.search(r'sh -c "(.*)"', line)
        assert set(called(inner[1] if inner else line)) <= COMMANDS
    [image] = re.findall(r"^CMD (\[.*\])$", text(DEPLOY / "Dockerfile"), re.MULTILINE)
    assert yaml.safe_load(image)[:2] == ["tocsin", "serve"]


def test_every_variable_is_read() -> None:
    named = {name for path in DEPLOY.iterdir() for name in re.findall(r"\bTOCSIN_[A-Z_]+", text(path))}
    assert named <= set(VARIABLES)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_can_load_the_units(tmp_path) -> None:
    program = tmp_path / "tocsin"
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o755)
    copies = []
    for unit in UNITS:
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(text(unit).replace("/opt/tocsin/bin/tocsin", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *copies],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
