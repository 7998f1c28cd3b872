"""The registry of event types and checks."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks

import tocsin
from tocsin.errors import InvalidInput
from tocsin.events import types


@pytest.mark.parametrize("key", ["", "Invoice", "a b", "a::b", ":a", "a:", "ä", "x" * 101, None])
def test_a_malformed_key_is_refused(key) -> None:
    with pytest.raises(InvalidInput, match="key"):
        tocsin.event_type(key, label="x")


def test_the_same_declaration_twice_is_one() -> None:
    assert tocsin.event_type("test:twice", label="x") == tocsin.event_type("test:twice", label="x")


def test_another_declaration_of_the_same_key_is_refused() -> None:
    tocsin.event_type("test:clash", label="x")
    with pytest.raises(InvalidInput, match="declared twice"):
        tocsin.event_type("test:clash", label="y")


def test_channels_as_a_string_are_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidInput, match=r"channels=\['email'\]"):
        tocsin.event_type("test:string", label="x", channels="email")


def test_types_come_from_settings_too(settings) -> None:
    settings.TOCSIN = {
        **settings.TOCSIN,
        "EVENT_TYPES": {"shop:sold": {"label": "Sold", "channels": ["email"]}},
    }
    assert types.get_type("shop:sold").channels == ("email",)


@pytest.mark.django_db
def test_a_check_says_which_type_names_an_unknown_channel(settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": {"shop:sold": {"channels": ["emial"]}}}
    [found] = [error for error in run_checks() if error.id == "tocsin.E003"]
    assert "shop:sold" in found.msg
    assert "'email'" in found.hint


def test_the_standing_types_are_always_there() -> None:
    assert {"message:internal", "message:system", "task:finished", "drill"} <= set(types.types())
