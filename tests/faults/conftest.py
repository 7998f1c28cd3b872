"""The rig for each test, on SQLite and on PostgreSQL: an empty database that was migrated once and copied."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.processes import Forge
from tests.faults.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "linux":  # pidfds, PR_SET_PDEATHSIG, tmpfs
    collect_ignore_glob = ["test_*.py"]

MEMORY = "/dev/shm"
TEMPLATE = "faults_template"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tocsin_settings(**settings): the rig's processes run with these")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/faults/" in item.nodeid:
            item.add_marker(pytest.mark.faults)


def _migrated(url: str, folder: Path) -> None:
    rig = Rig(url, folder, folder / "migrate.log")
    with Forge(rig.environment(), rig.log) as forge:
        forge.call("migrate")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    _migrated(f"sqlite:///{folder / 'template.sqlite3'}", folder)
    return folder / "template.sqlite3"


@pytest.fixture(scope="session")
def postgres_template(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    postgres.execute(f"CREATE DATABASE {TEMPLATE}")
    _migrated(postgres.url(TEMPLATE), tmp_path_factory.mktemp("faults"))
    return TEMPLATE


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the rig keeps its files: in memory where the machine has a place for that.

    A death by SIGKILL leaves what was written to the kernel, so that nothing is proved by a slow disk; but
    leases of one second do not go with disks that take half of that for a commit.
    """
    made = Path(tempfile.mkdtemp(prefix="tocsin-faults-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def sqlite_url(sqlite_template: Path, folder: Path) -> str:
    """An SQLite file with tocsin's tables."""
    shutil.copy(sqlite_template, folder / "faults.sqlite3")
    return f"sqlite:///{folder / 'faults.sqlite3'}"


@pytest.fixture
def postgresql_url(postgres: Any, postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database with tocsin's tables."""
    name = f"faults_{os.urandom(6).hex()}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> Iterator[Rig]:
    """A rig with its forge running; the log of its processes stays in pytest's folder."""
    found = Rig(request.getfixturevalue(f"{request.param}_url"), folder, tmp_path / "processes.log")
    marker = request.node.get_closest_marker("tocsin_settings")
    with Forge(found.environment(**(marker.kwargs if marker else {})), found.log) as found.forge:
        yield found
