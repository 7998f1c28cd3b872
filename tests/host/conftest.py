"""A migrated shop for each test; SQLite files are copied from one that was migrated once."""

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


@pytest.fixture
def relay() -> Iterator[SmtpCatcher]:
    with SmtpCatcher() as catcher:
        yield catcher


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> str:
    return str(shutil.copy(migrated, tmp_path / "shop.sqlite3"))


@pytest.fixture
def shop(database: str, relay: SmtpCatcher) -> Project:
    """The shop, with the customer ana@example.com."""
    project = Project(database, relay.port)
    project.tocsin("user", "create", "ana@example.com", "--password-stdin", stdin="correct-horse-battery\n")
    return project
