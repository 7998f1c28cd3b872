"""Built-in channels whose packages are not installed: silent until something wants them, then with the remedy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from django.core.checks import run_checks

import tocsin
from tests.api.conftest import DRILL, Caller
from tocsin.channels import registry
from tocsin.cli import cli
from tocsin.errors import InvalidInput
from tocsin.tenants.organizations import implicit
from tocsin.tenants.tokens import create_token

NEEDS = {"sms": "phonenumbers", "apprise": "apprise", "webpush": "pywebpush"}
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]


@pytest.fixture(params=NEEDS)
def lacking(request, monkeypatch, settings):
    """The slug of a channel whose package is not there."""
    slug = request.param
    for module in [name for name in sys.modules if name.startswith(f"tocsin.channels.{slug}")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, NEEDS[slug], None)
    settings.TOCSIN = {**settings.TOCSIN}  # what changed is looked up again
    return slug


def told():
    return [one for one in run_checks() if (one.id or "").startswith("tocsin")]


def pip(slug):
    return f'Run: pip install "tocsin[{slug}]"'


def test_nothing_is_said_while_nobody_asks(lacking):
    assert told() == []
    assert lacking not in registry.channels()
    assert {"email", "webhook"} <= set(registry.channels())


@pytest.mark.parametrize(
    "wanting", [{"SMS_GATEWAY_ADDRESS": "sms@example.com"},
                {"SMS_HTTP": {"url": "https://sms.example", "user": "u", "password": "p", "from": "f"}}]
)  # fmt: skip
@pytest.mark.parametrize("lacking", ["sms"], indirect=True)
def test_a_setting_that_needs_it_is_one_warning(lacking, settings, wanting):
    settings.TOCSIN = {**settings.TOCSIN, **wanting}
    [warning] = told()
    assert not warning.is_serious()
    assert warning.msg.startswith(f"TOCSIN['{next(iter(wanting))}'] needs the channel 'sms'")
    assert "phonenumbers" in warning.msg
    assert warning.hint == pip("sms")


def test_an_event_type_that_names_it_is_one_warning(lacking, settings):
    settings.TOCSIN = {
        **settings.TOCSIN,
        "EVENT_TYPES": {"db:down": {"label": "x", "channels": [lacking, "email"]}},
    }
    [warning] = told()
    assert not warning.is_serious()
    assert warning.msg.startswith(f"event type 'db:down' names the channel {lacking!r}")
    assert warning.hint == pip(lacking)


def test_an_event_type_that_names_a_channel_nobody_offers_is_an_error(settings):
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": {"db:down": {"label": "x", "channels": ["emial"]}}}
    [error] = told()
    assert error.is_serious()
    assert error.hint == "Did you mean 'email'?"


def test_the_dotted_path_in_the_settings_asks_for_it(lacking, settings):
    path = f"tocsin.channels.{lacking}.{lacking.title()}Channel"
    settings.TOCSIN = {**settings.TOCSIN, "CHANNELS": {lacking: path}}
    [warning] = told()
    assert warning.msg.startswith(f"TOCSIN['CHANNELS'][{lacking!r}] cannot be used: there is no module")
    assert warning.hint == pip(lacking)


def test_whoever_names_it_in_python_reads_the_remedy(lacking):
    with pytest.raises(InvalidInput) as refused:
        tocsin.notify("drill", title="x", to=["user:1"], channel=lacking)
    [error] = refused.value.errors
    assert error.field == "channel"
    assert NEEDS[lacking] in error.message
    assert error.remedy == pip(lacking)


@pytest.mark.parametrize(
    "command",
    [
        "notify drill --title x --to org:default --channel {0}",
        "destinations add org:default {0}",
        "pause --channel {0}",
    ],
)
def test_whoever_names_it_in_a_shell_reads_the_remedy(lacking, command):
    done = CliRunner().invoke(cli, command.format(lacking).split(), prog_name="tocsin")
    assert done.exit_code == 2, done.output
    assert pip(lacking) in done.stderr


def test_whoever_names_it_over_http_reads_the_remedy(lacking):
    _, plain = create_token("test", implicit(), scopes=["admin"])
    answer = Caller(plain).post("/events", {**DRILL, "to": ["org:default"], "channel": lacking})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["field"], error["remedy"]) == ("#/channel", "channel", pip(lacking))


def test_the_list_of_channels_says_how_to_get_it(lacking):
    done = CliRunner().invoke(cli, ["channels", "--json"], prog_name="tocsin")
    assert lacking not in {row["slug"] for row in json.loads(done.stdout)}
    assert f"{lacking} is not installed. {pip(lacking)}" in done.stderr


def test_the_page_of_the_docs_is_not_made_without_it(lacking):
    done = CliRunner().invoke(cli, ["reference", "channels"], prog_name="tocsin")
    assert done.exit_code != 0
    assert pip(lacking) in str(done.exception)


def test_every_page_and_every_command_is_there_without_any_extra() -> None:
    """`pip install tocsin` and nothing else: what an extra brings is asked for where it is used."""
    code = f"""
import os, pkgutil, sys
os.environ["TOCSIN_TEST_DATABASE"] = "sqlite"  # the one that needs no driver
from importlib import import_module
for name in {[*NEEDS.values(), "py_vapid", "http_ece", "celery", "kombu", "psycopg", "prometheus_client"]!r}:
    sys.modules[name] = None
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django; django.setup()
for package in ("tocsin.web", "tocsin.api", "tocsin.cli", "tocsin.sources"):
    found = import_module(package)
    for module in pkgutil.walk_packages(found.__path__, package + "."):
        if module.name not in ("tocsin.cli.__main__", "tocsin.cli.demo.foreign"):  # a start; code for an adapter
            import_module(module.name)
from django.urls import get_resolver
assert get_resolver().reverse_dict is not None
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
