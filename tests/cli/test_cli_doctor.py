"""`tocsin doctor`: sound things are ok, each fault has its line with a remedy, and errors end with 1."""

from __future__ import annotations

import json
import socket
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

import tocsin
from tests.postgres import free_port
from tests.servers.brokers import Broker, missing
from tocsin import clock, to
from tocsin.deliveries.models import Delivery
from tocsin.engines import broker, heartbeat
from tocsin.recipients.models import Destination
from tocsin.recipients.secrets import seal
from tocsin.tenants.organizations import implicit
from tocsin.testing import deliver_now


@pytest.fixture
def findings(invoke):
    def run(code=0):
        told = json.loads(invoke("doctor", "--json", code=code).stdout)
        for one in told:
            assert one["status"] == "ok" or one["remedy"], one
        return {one["check"]: one for one in told}

    return run


def test_a_sound_house(shell, relay):
    shell.variables["TOCSIN_BASE_URL"] = "https://tocsin.example.org"
    told = {one["check"]: one["status"] for one in shell.json("doctor")}
    assert told.pop("workers") == "warning"
    assert set(told.values()) == {"ok"}
    assert {
        "database",
        "tables",
        "mail",
        "channels",
        "settings",
        "clock",
        "queue",
        "keys",
        "secrets",
        "rules",
    } == set(told)


def test_tables_and_keys_of_a_bare_home(empty):
    said = empty.attempt("doctor")
    assert said.returncode == 1
    assert "Run: tocsin migrate" in said.stdout
    (empty.home / "secret_keys").chmod(0o644)
    assert "can be read by others" in empty.attempt("doctor").stdout


def test_a_mail_server_that_is_not_there(shell):
    done = shell.attempt("doctor", TOCSIN_EMAIL_URL=f"smtp://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "Connection refused" in done.stdout
    assert "mend TOCSIN_EMAIL_URL" in done.stdout


def test_a_setting_that_is_none(findings, settings):
    settings.TOCSIN = settings.TOCSIN | {"ENGIN": "worker"}
    told = findings(code=1)["settings"]
    assert told["status"] == "error"
    assert "Did you mean 'ENGINE'?" in told["remedy"]


def test_a_channel_that_cannot_be_loaded(findings, settings):
    settings.TOCSIN = settings.TOCSIN | {"CHANNELS": {"pigeon": "no.such.Channel"}}
    assert "pigeon" in json.dumps(findings(code=1))


def test_a_secret_that_no_key_opens(findings, settings):
    made = Destination.objects.create(
        organization=implicit(),
        channel="webhook",
        label="x",
        identity="x",
        secrets=seal({"url": "https://a.example"}),
    )
    settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": [Fernet.generate_key().decode()]}
    told = findings(code=1)["secrets"]
    assert told["status"] == "error"
    assert str(made.pk) in told["message"]
    assert "a.example" not in json.dumps(told)


def test_workers(findings, settings):
    assert findings()["workers"]["status"] == "warning"
    settings.TOCSIN = settings.TOCSIN | {"ENGINE": "worker"}
    assert findings(code=1)["workers"]["remedy"] == "Start: tocsin worker"
    heartbeat.beat("worker")
    assert findings()["workers"]["status"] == "ok"


def test_what_is_late_paused_or_dead(findings, invoke):
    assert findings()["queue"]["status"] == "ok"
    invoke("pause", "--channel", "memory")
    tocsin.notify("drill", title="x", to=[to.address("memory", "a"), to.address("memory", "b")])
    deliver_now()
    first, second = Delivery.objects.filter(channel="memory").values_list("pk", flat=True)
    Delivery.objects.filter(pk=first).update(due_at=clock.now() - timedelta(hours=2))
    Delivery.objects.filter(pk=second).update(state="dead")
    told = findings()
    assert "memory: the oldest has been due for 2 h" in told["queue"]["message"]
    assert "tocsin resume --channel memory" in told["pauses"]["remedy"]
    assert "1 deliveries were given up" in told["dead"]["message"]


def test_what_is_late_for_want_of_a_budget(findings, settings):
    settings.TOCSIN = settings.TOCSIN | {"BUDGETS": {"memory": {"per_second": 0.001}}}
    with clock.frozen(clock.now() - timedelta(minutes=5)):
        tocsin.notify("drill", title="x", to=[to.address("memory", "a"), to.address("memory", "b")])
        deliver_now()
    assert "allow more in BUDGETS" in findings()["queue"]["remedy"]


def test_an_event_that_nobody_plans(findings):
    with clock.frozen(clock.now() - timedelta(minutes=5)):
        tocsin.notify("drill", title="x", to=[to.address("memory", "a")])
    assert "plan: the oldest has been due for 5 min" in findings()["queue"]["message"]


def test_a_setting_that_makes_no_difference_is_not_told_twice(findings):
    assert findings()["settings"]["status"] == "ok"


@pytest.fixture
def carried(settings, monkeypatch):
    """The engine is celery, with its broker at this address."""
    celery = pytest.importorskip("celery")

    def by(url):
        settings.TOCSIN = settings.TOCSIN | {"ENGINE": "celery", "BROKER_URL": url}
        monkeypatch.setattr(broker, "app", lambda: celery.Celery(broker=url, set_as_current=False))

    return by


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_not_there(carried, findings, scheme):
    port = free_port()
    carried(f"{scheme}://ana:hush@127.0.0.1:{port}//")
    told = findings(code=1)
    assert told["broker"]["status"] == "error"
    assert f"127.0.0.1:{port}" in told["broker"]["message"]
    assert "hush" not in json.dumps(told)
    assert told["workers"]["message"] == "none is running"


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_takes_connections_and_says_nothing_holds_nobody_up(carried, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        carried(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}//")
        assert broker.away(0.2)


@pytest.mark.broker
@pytest.mark.django_db
@pytest.mark.skipif(bool(missing("redis")), reason=missing("redis"))
def test_a_broker_that_answers(carried, findings, tmp_path):
    with Broker.of("redis", tmp_path) as found:
        carried(found.url)
        heartbeat.beat("celery")
        told = findings()
    assert told["broker"]["status"] == "ok"
    assert told["workers"]["message"] == "1 alive (celery)"


@pytest.mark.django_db
def test_a_celery_that_is_named_nowhere(findings, settings):
    settings.TOCSIN = settings.TOCSIN | {"ENGINE": "celery"}
    assert "Name your Celery app" in findings(code=1)["broker"]["remedy"]
