"""A migrated home for each test, copied from one that was migrated once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.cli.shell import Shell
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    shell = Shell(home)
    shell.run("migrate")
    shell.run("user", "create", "ana", "--email", "ana@example.org", "--group", "ops")
    return home


@pytest.fixture
def empty(tmp_path: Path) -> Shell:
    """A home without anything."""
    return Shell(tmp_path)


@pytest.fixture
def shell(migrated: Path, tmp_path: Path) -> Shell:
    """A home with tables and the user ana, of the group ops."""
    return Shell(shutil.copytree(migrated, tmp_path / "home"))


@pytest.fixture
def relay(shell: Shell) -> Iterator[SmtpCatcher]:
    """The mail server of `shell`."""
    with SmtpCatcher() as catcher:
        shell.variables["TOCSIN_EMAIL_URL"] = f"smtp://127.0.0.1:{catcher.port}"
        yield catcher


@pytest.fixture
def invoke(db: None) -> Callable[..., Result]:
    """A command in this process, on the database of the test: quicker than a shell, but nothing is delivered."""

    def run(*arguments: str, stdin: str | bytes = b"", code: int | None = 0) -> Result:
        done = CliRunner().invoke(cli, arguments, input=stdin, prog_name="tocsin")
        assert code is None or done.exit_code == code, done.output
        assert "Traceback" not in done.output
        assert "fault in tocsin" not in done.output
        return done

    return run
