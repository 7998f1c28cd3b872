"""`/metrics`: what Prometheus reads is what the ledger holds, and is for the operator alone."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

import tocsin
from tocsin import clock, pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Rejected, Retry
from tocsin.deliveries import pauses
from tocsin.deliveries.models import Delivery
from tocsin.tenants.tokens import create_token
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def scrape():
    _, token = create_token("prometheus", scopes=["events:read"], operator=True)

    def read() -> dict[str, dict[tuple[str, ...], float]]:
        answer = Client().get("/tocsin/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.content
        assert answer["Content-Type"].startswith("text/plain")
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(answer.content.decode()):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        return found

    return read


@pytest.fixture(autouse=True)
def memory():
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


def say(name: str) -> None:
    tocsin.notify("drill", title="x", to=[f"memory:{name}"], channel="memory")
    deliver_now()


def test_what_waits_and_how_the_last_minutes_went(scrape, monkeypatch) -> None:
    monkeypatch.setattr("tocsin.deliveries.results.random.random", lambda: 1.0)  # no second try meanwhile
    say("a")
    say("b")
    MemoryChannel.script = lambda message: Retry(Cause.TIMEOUT)
    say("c")
    MemoryChannel.script = lambda message: Rejected(Cause.GONE)
    say("d")
    pauses.pause("memory", by="x")
    tocsin.notify("drill", title="x", to=["memory:e"], channel="memory")
    pipeline.run("plan", 10)
    found = scrape()
    assert found["tocsin_deliveries"] == {
        ("memory", "dead"): 1, ("memory", "pending"): 1, ("memory", "retrying"): 1,
    }  # fmt: skip
    assert found["tocsin_recent_attempts"] == {
        ("memory", "rejected"): 1, ("memory", "retry"): 1, ("memory", "sent"): 2,
    }  # fmt: skip
    assert (found["tocsin_due"]["memory",], found["tocsin_due"]["email",]) == (1, 0)
    assert 0 <= found["tocsin_oldest_due_seconds"]["memory",] < 60
    assert set(found["tocsin_recent_seconds"]) == {("memory", "0.5"), ("memory", "0.95"), ("memory", "0.99")}
    assert found["tocsin_paused"] == {("memory",): 1}
    assert found["tocsin_info"] == {(tocsin.__version__,): 1}


def test_what_is_due_is_told_apart_from_what_waits_for_later(scrape) -> None:
    for number in range(3):
        tocsin.notify("drill", title="x", to=[f"memory:{number}"], channel="memory")
    assert scrape()["tocsin_due"]["plan",] == 3
    pipeline.run("plan", 10)
    Delivery.objects.filter(identity="0").update(state="deferred", due_at=clock.now() + timedelta(hours=1))
    found = scrape()
    assert (found["tocsin_due"]["plan",], found["tocsin_due"]["memory",]) == (0, 2)
    assert found["tocsin_deliveries"] == {("memory", "deferred"): 1, ("memory", "pending"): 2}


def test_with_nothing_there_it_is_empty(scrape) -> None:
    found = scrape()
    assert set(found["tocsin_due"].values()) == {0}
    assert "tocsin_deliveries" not in found
    assert "tocsin_recent_attempts" not in found


@pytest.mark.parametrize("given", [{}, {"operator": True, "scopes": ["rules"]}, {"scopes": ["admin"]}])
def test_others_see_nothing(given) -> None:
    head = {}
    if given:
        _, token = create_token("x", **given)
        head = {"Authorization": f"Bearer {token}"}
    answer = Client().get("/tocsin/metrics", headers=head)
    assert answer.status_code == 401
    assert b"tocsin_" not in answer.content


def test_without_its_package_it_names_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    answer = Client().get("/tocsin/metrics")
    assert answer.status_code == 501
    assert b"tocsin[metrics]" in answer.content
