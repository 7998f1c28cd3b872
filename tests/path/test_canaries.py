"""Canaries: secrets of every channel go all the way through failures, and are seen nowhere but at the far side."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.contrib.auth import get_user_model

import tocsin
from tests.servers.http_sink import HttpSink, Reply, Seen
from tests.servers.push_service import make_vapid_key
from tocsin.channels import http, registry
from tocsin.channels.base import Channel
from tocsin.cli import cli
from tocsin.deliveries.models import Budget
from tocsin.errors import InvalidInput
from tocsin.recipients.destinations import add_destination, change, enable
from tocsin.testing import deliver_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

CANARY = "c4nary5ecret"
BASE64 = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmFyeQ=="
"""A canary as the key of a webhook secret."""
POINT = make_vapid_key()[1]
SETTINGS: dict[str, Callable[[str], dict[str, Any]]] = {
    "webhook": lambda base: {
        "url": f"{base}{CANARY}/hook?key={CANARY}",
        "secret": f"whsec_{BASE64}",
        "headers": {"X-Api-Key": CANARY},
    },
    "slack": lambda base: {"token": f"xoxb-1234567890-{CANARY}", "channel": "C0123456789"},
    "slack by webhook": lambda base: {"webhook_url": f"{base}services/T0000/B0000/{CANARY}"},
    "msteams": lambda base: {"url": f"{base}workflows/{CANARY}/triggers/manual/paths/invoke?sig={CANARY}"},
    "pagerduty": lambda base: {"routing_key": f"{CANARY:0<32}"},
    "jira": lambda base: {"url": base, "token": CANARY, "project": "OPS"},
    "github": lambda base: {"repository": "acme/web", "token": f"github_pat_{CANARY}"},
    "apprise": lambda base: {"url": f"{base.replace('http', 'json')}{CANARY}"},
    "webpush": lambda base: {"endpoint": f"{base}{CANARY}", "p256dh": POINT, "auth": f"{CANARY}AAAAAAAAAA"},
    "sms": lambda base: {"phone_number": "+4722225555"},
}


def echo(status: int, fault: str = "") -> Callable[[Seen], Reply]:
    """A far side that answers with all that it was told."""
    return lambda seen: Reply(status, seen.raw_head + seen.body, {"x-echo": CANARY}, fault=fault)


FAR_SIDES: dict[str, Callable[[Seen], Reply]] = {
    "takes it": echo(200),
    "refuses it": echo(400),
    "is gone": echo(410),
    "does not know us": echo(401),
    "redirects": lambda seen: Reply(302, headers={"location": f"http://127.0.0.1:1/{CANARY}"}),
    "fails": echo(500),
    "drops": echo(200, "drop"),
    "talks nonsense": echo(200, "garbage"),
}


@pytest.fixture
def sink(settings: Any) -> Iterator[HttpSink]:
    with HttpSink() as sink:
        settings.TOCSIN = settings.TOCSIN | {
            "ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"],
            "SLACK_API_URL": f"{sink.url}api/",
            "MSTEAMS_HOSTS": ["127.0.0.1"],
            "GITHUB_API_URL": f"{sink.url}api/v3",
            "WEBPUSH_KEYS": [CANARY + "A" * 31],
            "PAGERDUTY_URL": sink.url,
            "SMS_HTTP": {
                "url": f"{sink.url}Messages.json",
                "user": "AC1",
                "password": CANARY,
                "from": "+4722225556",
            },
        }
        yield sink


@pytest.fixture
def root(client: Any, settings: Any, caplog: Any) -> Any:
    """The operator, signed in on a server, whose log keeps everything."""
    settings.ROOT_URLCONF = "tocsin.server.urls"
    caplog.set_level(logging.DEBUG)
    user = get_user_model().objects.create_superuser("root", "root@example.org")
    client.force_login(user)
    return user


def slug_of(name: str) -> str:
    return name.partition(" ")[0]


def of_the_event(client: Any, event: str) -> str:
    """Every page, answer and command that speaks of one event."""
    pages = (f"/events/{event}/", f"/api/v1/events/{event}", f"/api/v1/events/{event}/explain")
    return seen(client, pages, [["explain", event]])


def in_the_house(client: Any) -> str:
    """Every page, answer and command that lists deliveries or destinations, or looks after them."""
    pages = ("/events/", "/deliveries/", "/api/v1/deliveries", "/api/v1/destinations", "/api/v1/channels")
    lists = [["deliveries", "list"], ["destinations", "list"]]
    commands = [*lists, *([*one, "--json"] for one in lists), ["channels"], ["doctor"]]
    return seen(client, pages, commands)


def seen(client: Any, pages: Iterable[str], commands: Iterable[list[str]]) -> str:
    answers = [client.get(path) for path in pages]
    assert {answer.status_code for answer in answers} == {200}, [answer.status_code for answer in answers]
    said = [CliRunner().invoke(cli, command, prog_name="tocsin") for command in commands]
    return "\n".join([*(answer.content.decode() for answer in answers), *(one.output for one in said)])


def leaked(everything: str) -> list[str]:
    """The canaries that are in it."""
    return [canary for canary in (CANARY, BASE64) if canary in everything]


def in_the_database() -> str:
    """Every column of every table, as text."""
    rows = [list(model._base_manager.values()) for model in apps.get_models(include_auto_created=True)]
    return json.dumps(rows, default=str)


@pytest.mark.parametrize("channel", SETTINGS)
def test_no_canary_is_seen(channel, sink, root, client, caplog) -> None:
    slug = slug_of(channel)
    destination = add_destination(root, slug, SETTINGS[channel](sink.url))
    for far_side, script in FAR_SIDES.items():
        sink.script, before = script, len(sink.requests)
        destination.refresh_from_db()
        enable(destination)
        http.forget_rests()  # it was a host that drops, a moment ago
        Budget.objects.all().delete()
        event = tocsin.notify("message:internal", title=far_side, to=["user:root"], channel=slug)
        deliver_now()
        arrived = b"".join(seen.raw_head + seen.path.encode() + seen.body for seen in sink.requests[before:])
        assert arrived, f"nothing was sent to one that {far_side}, so nothing was tried"
        if slug != "sms":
            assert CANARY.encode() in arrived, "the far side must see the secret, or this test shows nothing"
        told = [of_the_event(client, str(event.id)), caplog.text, repr(destination.__dict__)]
        assert not leaked("\n".join(told)), far_side
        caplog.clear()
    assert not leaked(in_the_house(client) + in_the_database())


@pytest.mark.parametrize("channel", SETTINGS)
def test_no_canary_is_seen_where_a_channel_breaks(channel, sink, root, client, caplog, monkeypatch) -> None:  # noqa: PLR0917
    """Its own code raises with the settings in the text, as careless code does."""
    slug = slug_of(channel)

    def send(self: Channel, message: Any) -> Any:
        raise RuntimeError(", ".join(f"{name}={value}" for name, value in message.target.settings.items()))

    monkeypatch.setattr(type(registry.get(slug)), "send", send)
    monkeypatch.setattr(type(registry.get(slug)), "send_batch", Channel.send_batch)
    add_destination(root, slug, SETTINGS[channel](sink.url))
    event = tocsin.notify("message:internal", title="x", to=["user:root"], channel=slug)
    deliver_now()
    assert "RuntimeError" in caplog.text
    assert not leaked(
        of_the_event(client, str(event.id)) + in_the_house(client) + in_the_database() + caplog.text
    )


def refusal(destination: Any, given: dict[str, Any]) -> str:
    """What is said of these settings; nothing if they are fine."""
    try:
        change(destination, given)
    except InvalidInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("channel", [name for name in SETTINGS if name != "sms"])
def test_no_canary_is_in_what_is_said_of_wrong_settings(channel, sink, root, caplog) -> None:
    given = SETTINGS[channel](sink.url)
    destination = add_destination(root, slug_of(channel), given)
    said = [
        refusal(destination, given | {name: wrong})
        for name in given
        for wrong in (7, [given[name]], f"{given[name]}\r\nX: {CANARY}", f"ftp://{CANARY}/", CANARY * 1000)
    ]
    assert any(said)
    assert CANARY not in f"{said} {caplog.text}"
