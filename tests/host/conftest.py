"""A shop for each test; SQLite files are copied from one that was migrated once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.host.project import Project
from tests.servers.smtp_catcher import SmtpCatcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("host") / "shop.sqlite3"
    Project(str(file)).manage("migrate", "-v", "0")
    return file


@pytest.fixture(scope="session")
def peopled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the customer ana@example.com."""
    file = shutil.copy(migrated, tmp_path_factory.mktemp("host") / "shop.sqlite3")
    create = ("user", "create", "ana@example.com", "--password-stdin")
    Project(str(file)).tocsin(*create, stdin="correct-horse-battery\n")
    return file


@pytest.fixture
def relay() -> Iterator[SmtpCatcher]:
    with SmtpCatcher() as catcher:
        yield catcher


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> str:
    return str(shutil.copy(migrated, tmp_path / "shop.sqlite3"))


@pytest.fixture
def shop(peopled: Path, relay: SmtpCatcher, tmp_path: Path) -> Project:
    """The shop, with the customer ana@example.com."""
    return Project(str(shutil.copy(peopled, tmp_path / "shop.sqlite3")), relay.port)
