"""Health: alive, and ready to serve."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tocsin.api import health
from tocsin.engines import heartbeat

pytestmark = pytest.mark.django_db


def ready() -> tuple[int, dict[str, str]]:
    response = Client().get("/tocsin/readyz")
    return response.status_code, response.json()


def test_alive_asks_nothing_of_the_database(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/tocsin/healthz").json() == {"status": "ok"}
    assert Client().post("/tocsin/healthz").status_code == 405


def test_ready_where_all_is_there() -> None:
    assert ready() == (200, {"status": "ok", "database": "ok", "migrations": "ok", "worker": "ok"})


@pytest.mark.parametrize("engine", ["worker", "celery"])
def test_not_ready_without_a_worker(settings, engine) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "ENGINE": engine}
    status, found = ready()
    assert (status, found["worker"]) == (503, "nobody does the work: start `tocsin worker`")
    heartbeat.beat(engine)
    assert ready()[0] == 200


def test_not_ready_before_migrate() -> None:
    MigrationRecorder.Migration.objects.filter(app="tocsin").delete()
    status, found = ready()
    assert (status, found["database"]) == (503, "ok")
    assert "run migrate" in found["migrations"]


def test_not_ready_without_the_database(monkeypatch) -> None:
    def away():
        raise OperationalError("secret host")

    monkeypatch.setattr(health, "_unapplied", away)
    status, found = ready()
    assert (status, found["database"]) == (503, "cannot be reached")
    assert "secret" not in str(found)
