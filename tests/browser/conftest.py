"""A served site with a database of its own, people on it, and a browser to look at it with.

The browser lives as long as one module: while it does, nothing in this process may use a database (see `aside.py`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.aside import run
from tests.browser.chromium import EXECUTABLE, chromium
from tests.browser.visitor import Site
from tests.cli.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

HERE = "tests/browser/"
numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = None if EXECUTABLE.exists() else pytest.mark.skip(reason=f"{EXECUTABLE} is not installed")
    for item in items:
        if HERE in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            if missing is not None:
                item.add_marker(missing)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright", reason="playwright is not installed")
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home with tables, shared by the tests of a worker: each has people of its own."""
    found = Shell(tmp_path_factory.mktemp("home"))
    found.run("migrate")
    return found


@pytest.fixture(scope="session")
def site(shell: Shell) -> Iterator[Site]:
    """The standalone server as `tocsin serve` starts it."""
    with shell.started("serve", "--port", "0") as server:
        yield Site(server.line_with("tocsin is at").split()[3], shell)


@pytest.fixture
def ana(shell: Shell) -> str:
    """The name of a new person, who may see the ledger too."""
    name = f"ana{next(numbers)}"
    run(shell, "django.contrib.auth.get_user_model().objects.create_superuser(given, '', given)", name)
    return name


@pytest.fixture
def tell(shell: Shell) -> Any:
    """Sends an event from another process; its id."""

    def send(name: str, title: str = "News", **fields: Any) -> str:
        given = {
            "type": "message:system",
            "title": title,
            "to": [f"user:name={name}"],
            "channel": "message",
            **fields,
        }
        return run(shell, "tocsin.notify(**given).id", given)

    return send
