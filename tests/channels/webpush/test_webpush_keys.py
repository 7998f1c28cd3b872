"""The keys by which push services know this site, and the headers that are made with them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.push_service import check_vapid, make_vapid_key
from tocsin import clock, conf
from tocsin.channels.webpush import keys

PRIVATE, PUBLIC = make_vapid_key()
OTHER_PRIVATE, OTHER = make_vapid_key()
ORIGIN = "https://push.example"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def given(settings):
    def give(**tocsin):
        settings.TOCSIN = {"WEBPUSH_KEYS": [PRIVATE, OTHER_PRIVATE]} | tocsin

    give()
    return give


def test_the_newest_key_is_todays(given):
    assert keys.public_keys() == (PUBLIC, OTHER)
    assert keys.public_key() == PUBLIC
    given(WEBPUSH_KEYS=[])
    assert (keys.public_keys(), keys.public_key()) == ((), "")


def test_a_header_is_signed_once_for_each_service_and_key_and_anew_long_before_it_ends(given):
    with clock.frozen(NOON):
        header = keys.authorization(ORIGIN, PUBLIC)
        assert check_vapid(header, ORIGIN)[0] == PUBLIC
        assert keys.authorization("https://other.example", PUBLIC) != header
        assert keys.authorization(ORIGIN, OTHER) != header
    with clock.frozen(NOON + timedelta(hours=5, minutes=59)):
        assert keys.authorization(ORIGIN, PUBLIC) == header
    with clock.frozen(NOON + timedelta(hours=6)):
        renewed = keys.authorization(ORIGIN, PUBLIC)
        assert renewed != header
        check_vapid(header, ORIGIN)
    with clock.frozen(NOON - timedelta(hours=1)):  # the clock was set back
        assert keys.authorization(ORIGIN, PUBLIC) not in (header, renewed)


@pytest.mark.parametrize("hours", [-6, 11])
def test_a_service_whose_clock_differs_by_hours_takes_it(given, hours):
    with clock.frozen(NOON):
        header = keys.authorization(ORIGIN, PUBLIC)
    with clock.frozen(NOON + timedelta(hours=hours)):
        check_vapid(header, ORIGIN)


def test_a_contact_that_changed_is_told_at_once(given):
    for contact in ("mailto:one@example.org", "mailto:two@example.org"):
        given(WEBPUSH_CONTACT=contact)
        assert check_vapid(keys.authorization(ORIGIN, PUBLIC), ORIGIN)[1]["sub"] == contact


def test_headers_for_ever_more_services_do_not_fill_the_memory(given, monkeypatch):
    monkeypatch.setattr(keys, "MOST_KEPT", 4)
    for number in range(12):
        keys.authorization(f"https://{number}.example", PUBLIC)
    assert len(keys._headers._kept) <= 4
    latest = keys.authorization("https://11.example", PUBLIC)
    assert keys.authorization("https://11.example", PUBLIC) is latest


def test_threads_that_ask_at_once_get_the_same(given):
    origin = "https://many.example"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: keys.authorization(origin, PUBLIC), range(64)))) == 1


def test_a_key_that_is_not_there_signs_nothing(given):
    given(WEBPUSH_KEYS=[OTHER_PRIVATE])
    with pytest.raises(keys.UnknownKeyError):
        keys.authorization(ORIGIN, PUBLIC)


@pytest.mark.parametrize(
    ("tocsin", "default", "contact"),
    [
        (
            {"WEBPUSH_CONTACT": "https://acme.example/us", "FROM_EMAIL": "a@b.example"},
            "",
            "https://acme.example/us",
        ),
        ({"FROM_EMAIL": "Acme <ops@acme.example>"}, "x@y.example", "mailto:ops@acme.example"),
        ({}, "Acme <ops@acme.example>", "mailto:ops@acme.example"),
        ({"BASE_URL": "https://acme.example"}, "webmaster@localhost", "https://acme.example"),
        ({"BASE_URL": "http://acme.example"}, "webmaster@localhost", "mailto:webmaster@localhost"),
        ({}, "nobody", "mailto:tocsin@localhost"),
    ],
)
def test_the_contact_is_the_best_that_is_known(given, settings, tocsin, default, contact):
    settings.DEFAULT_FROM_EMAIL = default
    given(**tocsin)
    assert keys.contact() == contact
    assert keys.is_local(contact) == contact.endswith("localhost")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WEBPUSH_KEYS", PRIVATE, "list of strings"),
        ("WEBPUSH_KEYS", [PRIVATE[:-1]], "tocsin webpush keys"),
        ("WEBPUSH_KEYS", [PUBLIC], "tocsin webpush keys"),
        ("WEBPUSH_KEYS", ["A" * 43], "tocsin webpush keys"),
        ("WEBPUSH_KEYS", ["_" * 42 + "8"], "tocsin webpush keys"),
        ("WEBPUSH_KEYS", [PRIVATE, PRIVATE], "twice"),
        ("WEBPUSH_CONTACT", "ops@example.org", "mailto:"),
        ("WEBPUSH_CONTACT", "http://example.org", "mailto:"),
        ("WEBPUSH_CONTACT", 7, "string"),
    ],
    ids=[
        str(number) for number in range(9)
    ],  # keys are another each time, and both halves of the suite must call it the same
)
def test_wrong_settings_are_told_without_the_keys(given, name, value, told):
    given(**{name: value})
    [problem] = conf.problems()
    assert told in problem.message
    assert PRIVATE[:-1] not in str(problem)


def test_loading_every_channel_loads_neither_the_encoder_nor_what_it_brings():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; import django; django.setup()\n"
        "from tocsin.channels import registry; assert 'webpush' in registry.channels()\n"
        "print(*({'aiohttp', 'pywebpush', 'py_vapid', 'http_ece'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
