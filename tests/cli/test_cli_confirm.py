"""`tocsin confirm`: what names many people goes when somebody says so."""

from __future__ import annotations

import json

import pytest

from tocsin import pipeline
from tocsin.events.models import Event
from tocsin.tenants import tokens
from tocsin.testing import deliver_now


@pytest.fixture
def waiting(invoke):
    tokens._cache.clear()
    plain = invoke("token", "create", "small", "--max-recipients", "0").stdout.strip()
    fields = {"type": "drill", "title": "To all", "to": ["memory:ops"]}
    [accepted] = pipeline.accept_request([pipeline.parse(fields, tokens.authenticate(plain))])
    deliver_now()
    return str(accepted.id)


def test_a_token_has_a_limit_and_shows_it(invoke, waiting):
    [token] = json.loads(invoke("token", "list", "--json").stdout)
    assert token["max_recipients"] == 0
    invoke("token", "create", "less", "--max-recipients", "-1", code=2)


def test_what_waits_is_explained_and_let_go(invoke, waiting):
    said = invoke("explain", waiting).stdout
    assert "It names more than 0 people and addresses, which is the limit of its token." in said
    assert "“To all” is confirmed" in invoke("confirm", waiting).stdout
    assert Event.objects.get().confirmed_by.startswith("command line")
    assert "waits for no confirmation" in invoke("confirm", waiting, code=1).stderr
    invoke("confirm", "0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55", code=2)


def test_the_doctor_tells_of_what_waits(invoke, waiting):
    found = json.loads(invoke("doctor", "--json", code=None).stdout)
    [told] = [one for one in found if one["check"] == "confirm"]
    assert told["message"].startswith("1 events wait for a confirmation, the oldest, “To all”")
    assert waiting in told["remedy"]
