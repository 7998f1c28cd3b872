"""scripts/setup.sh on machines that lack something: it says what to do in one line, and leaves with 2."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.house.tree import ROOT

TOOLS = ["sh", "dirname", "cat", "cksum", "cut", "find", "rm", "env", "uname", "mktemp", "tail", "chmod"]
WITHOUT_ENSUREPIP = f"""#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; esac
exec {sys.executable} "$@"
"""


@pytest.fixture
def machine(tmp_path):
    """A path with the plainest tools on it, and no Python; we are not root there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    command(folder, "id", "#!/bin/sh\necho 1000\n")
    return folder


def command(folder, name, script):
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


def setup(machine, *arguments, **variables):
    return subprocess.run(
        ["sh", str(ROOT / "scripts/setup.sh"), *arguments], capture_output=True, check=False, text=True, timeout=120,
        env={"PATH": str(machine), "VENV": str(machine.parent / "venv"), "HOME": str(machine.parent), **variables},
    )  # fmt: skip


def test_no_python(machine):
    done = setup(machine, "demo")
    assert done.returncode == 2
    assert "needs Python 3.11 or later" in done.stderr
    assert "apt-get install -y python3 python3-venv" in done.stderr


def test_a_python_that_is_too_old(machine):
    command(machine, "python3", "#!/bin/sh\nexit 1\n")
    done = setup(machine, "demo", PYTHON="python3")
    assert done.returncode == 2
    assert "python3 is no Python 3.11 or later" in done.stderr


def test_a_python_without_ensurepip_for_somebody_who_is_not_root(machine):
    command(machine, "python3", WITHOUT_ENSUREPIP)
    done = setup(machine, "demo")
    assert done.returncode == 2
    assert "\n    apt-get install -y python3-venv\n" in done.stderr


def test_a_python_without_ensurepip_for_root(machine):
    """Root's apt-get is asked for the package; here it is one that has nothing."""
    command(machine, "python3", WITHOUT_ENSUREPIP)
    command(machine, "id", "#!/bin/sh\necho 0\n")
    command(
        machine,
        "apt-get",
        f'#!/bin/sh\necho "$@" >>{machine.parent}/asked\necho nothing there >&2\nexit 100\n',
    )
    done = setup(machine, "demo", POLICY=str(machine.parent / "policy"))
    assert done.returncode == 2
    assert "nothing there" in done.stderr
    assert "update" in (machine.parent / "asked").read_text()


def test_what_is_installed_is_not_started(machine):
    """While apt works, Debian's policy file forbids starting services; afterwards it is gone."""
    policy, seen = machine.parent / "policy", machine.parent / "seen"
    command(
        machine,
        "apt-get",
        f'#!/bin/sh\n{policy} && echo started >>{seen} || echo "$? $DEBIAN_FRONTEND" >>{seen}\n',
    )
    subprocess.run(["sh", str(ROOT / "scripts/apt.sh"), "redis-server"], check=True, timeout=60,
                   env={"PATH": str(machine), "POLICY": str(policy)})  # fmt: skip
    assert seen.read_text() == "101 noninteractive\n" * 2
    assert not policy.exists()


def test_a_target_that_is_none(machine):
    assert setup(machine, "everything").returncode == 2
