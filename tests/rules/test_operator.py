"""The operator's rules as the settings give them: read once, never changed; what is wrong is told by its place."""

from __future__ import annotations

import copy

import pytest

from tocsin import checks
from tocsin.levels import Level
from tocsin.rules import operator

SECRET = "xoxb-123456789012-S3cr3tS3cr3t"
OPS = {"name": "ops", "channel": "slack", "level": "warnings", "event_types": ["task:*"],
       "settings": {"token": SECRET, "channel": "#ops"}}  # fmt: skip
MAIL = {"name": "mail", "channel": "email", "settings": {"email_address": "ops@example.org"}}


@pytest.fixture
def rules(settings):
    """Puts rules into the settings; gives what came of them."""

    def put(*given):
        settings.TOCSIN = {**settings.TOCSIN, "RULES": list(given)}
        return operator.operator_rules()

    return put


def said(kind) -> list[str]:
    return [str(one.msg) for one in checks.check_rules() if isinstance(one, kind)]


def test_a_rule_is_read_and_the_settings_stay_as_they_are(rules, settings) -> None:
    before = copy.deepcopy([OPS, MAIL])
    ops, mail = rules(OPS, MAIL)
    assert (ops.layer, ops.spec.level, ops.spec.event_types) == ("settings:ops", Level.WARNING, ("task:*",))
    assert (mail.spec.level, mail.spec.event_types) == (Level.INFO, ("*",))
    assert settings.TOCSIN["RULES"] == before
    assert checks.check_rules() == []
    assert SECRET not in repr(ops)


@pytest.mark.parametrize(
    "settings_of",
    [
        {"email_address": ["a@example.org", "b@example.org"]},
        {"email_address": "a@example.org, b@example.org"},
        {"recipients": "a@example.org,b@example.org"},
        {"recipients": ("a@example.org", "b@example.org")},
    ],
)
def test_each_of_several_addresses_is_a_target(rules, settings_of) -> None:
    [rule] = rules({**MAIL, "settings": settings_of})
    assert [target.identity for target in rule.targets] == ["a@example.org", "b@example.org"]


def test_channels_of_slack_can_be_several(rules) -> None:
    [rule] = rules({**OPS, "settings": {"token": SECRET, "channel": "#ops, #dev"}})
    assert len({target.identity for target in rule.targets}) == 2


@pytest.mark.parametrize("value", ["", None, []])
def test_an_empty_value_switches_the_rule_off_and_that_is_told(rules, value) -> None:
    assert [rule.name for rule in rules({**OPS, "settings": {"token": value, "channel": "#ops"}}, MAIL)] == [
        "mail"
    ]
    [warning] = said(checks.checks.Warning)
    assert warning == "TOCSIN['RULES'][0] is switched off: token of its settings is empty."
    assert said(checks.checks.Error) == []


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"level": "loud"}, "TOCSIN['RULES'][1].level"),
        ({"channel": "fax"}, "TOCSIN['RULES'][1].channel"),
        ({"channel": "message"}, "TOCSIN['RULES'][1].channel"),
        ({"channel": "action"}, "TOCSIN['RULES'][1].channel"),
        ({"event_types": ["nothing"]}, "TOCSIN['RULES'][1].event_types.0"),
        ({"event_types": []}, "TOCSIN['RULES'][1].event_types"),
        ({"chanel": "slack"}, "TOCSIN['RULES'][1].chanel"),
        ({"name": "Ops team"}, "TOCSIN['RULES'][1].name"),
        ({"name": "mail"}, "TOCSIN['RULES'][1].name"),
        ({"condition": {"field": "data.a", "op": "x", "value": 1}}, "TOCSIN['RULES'][1].condition.op"),
        ({"hours": {"open": []}}, "TOCSIN['RULES'][1].hours.open"),
        ({"settings": "x"}, "TOCSIN['RULES'][1].settings"),
        ({"settings": {"token": "no-token", "channel": "#ops"}}, "TOCSIN['RULES'][1].settings.token"),
        ({"settings": {"token": SECRET, "chanel": "#ops"}}, "TOCSIN['RULES'][1].settings.chanel"),
        ({"settings": {"token": [SECRET], "channel": ["#a"]}}, "TOCSIN['RULES'][1].settings"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error_at_start_and_costs_no_other_rule(rules, given, place) -> None:
    assert [rule.name for rule in rules(MAIL, {**OPS, **given})] == ["mail"]
    [error] = said(checks.checks.Error)
    assert error.startswith(f"{place} ")
    assert SECRET not in error


def test_what_is_no_list_of_rules_is_told_once(rules) -> None:
    rules("ops")
    assert checks.check_rules() == []
    assert [str(one.msg) for one in checks.check_settings()] == ["TOCSIN['RULES'] must be a list of dicts."]
