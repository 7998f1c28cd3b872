"""A budget of a host all the way: events come in by HTTP, go out at its pace, and each says why it waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.servers.http_sink import HttpSink
from tocsin.recipients.destinations import add_destination
from tocsin.tenants import tokens
from tocsin.tenants.models import Organization
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

START = datetime(2037, 3, 2, 9, 0, tzinfo=UTC)
API = "/tocsin/api/v1"


@pytest.fixture
def call(db):
    tokens._cache.clear()
    _, token = tokens.create_token("path", scopes=["events:write", "events:read"])
    client = Client(headers={"authorization": f"Bearer {token}"})

    def call(path: str, body: object = None) -> dict:
        if body is None:
            return client.get(API + path).json()
        return client.post(API + path, json.dumps(body), "application/json").json()

    return call


def test_a_host_is_posted_to_at_its_pace_and_what_waits_says_why(call, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"BUDGETS": {"127.0.0.1": {"per_second": 2}}}
    with HttpSink() as sink, frozen(START):
        hook = add_destination(Organization.objects.get(slug="default"), "webhook", {"url": sink.url})
        drill = {"type": "drill", "title": "Fire drill", "to": [f"destination:{hook.pk}"]}
        made = call("/events", [drill] * 5)["events"]
        deliver_now()
        assert len(sink.requests) == 2
        waiting = [one for one in call("/deliveries")["items"] if one["reason"] == "budget"]
        assert [one["state"] for one in waiting] == ["pending"] * 3
        told = [call(f"/events/{one['id']}/explain")["explanation"] for one in made]
        assert sum("It waits for its turn" in " ".join(sentences) for sentences in told) == 3
        for seconds, expected in ((0.4, 2), (0.5, 3), (1.0, 4), (9.0, 5)):
            with frozen(START + timedelta(seconds=seconds)):
                deliver_now()
            assert len(sink.requests) == expected
    assert {(one["state"], one["reason"]) for one in call("/deliveries")["items"]} == {("sent", "")}
