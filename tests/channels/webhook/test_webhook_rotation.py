"""A webhook's secret is replaced without a gap, and nothing of a signed request can be changed."""

from __future__ import annotations

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.servers.http_sink import HttpSink
from tocsin.channels.base import Cause, Rejected, Sent, Target
from tocsin.channels.forms import clean_settings
from tocsin.channels.webhook import WebhookChannel
from tocsin.channels.webhook.signing import make_secret
from tocsin.errors import InvalidInput
from tocsin.testing import make_message

channel = WebhookChannel()
URL = "https://hooks.example.com/T0/token"


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}


def sent_with(**settings):
    """The request that these settings lead to, besides the URL."""
    with HttpSink() as sink:
        target = Target("sha256:x", "hook", {"url": sink.url, **settings})
        assert channel.send(make_message(target=target)) == Sent()
    return sink.requests[0]


def accepts(secret, seen):
    try:
        Webhook(secret).verify(seen.body, seen.headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_receiver_that_knows_either_secret_accepts_while_one_replaces_the_other():
    old, new, other = make_secret(), make_secret(), make_secret()
    before = sent_with(secret=old)
    during = sent_with(secret=new, previous_secret=old)
    after = sent_with(secret=new)
    assert [accepts(old, seen) for seen in (before, during, after)] == [True, True, False]
    assert [accepts(new, seen) for seen in (before, during, after)] == [False, True, True]
    assert not any(accepts(other, seen) for seen in (before, during, after))
    assert [len(seen.headers["webhook-signature"].split(" ")) for seen in (before, during, after)] == [
        1,
        2,
        1,
    ]


def test_of_two_signatures_the_new_one_is_first():
    old, new = make_secret(), make_secret()
    seen = sent_with(secret=new, previous_secret=old)
    first = seen.headers["webhook-signature"].split(" ")[0]
    assert accepts(new, seen)
    seen.headers["webhook-signature"] = first
    assert accepts(new, seen)
    assert not accepts(old, seen)


def test_no_byte_can_be_changed():
    secret, old = make_secret(), make_secret()
    seen = sent_with(secret=secret, previous_secret=old)
    verifiers = [Webhook(secret), Webhook(old)]

    def passes(body, headers):
        for verifier in verifiers:
            try:
                verifier.verify(body, headers)
            except (WebhookVerificationError, ValueError):
                continue
            return True
        return False

    assert passes(seen.body, seen.headers)
    for place in range(len(seen.body)):
        changed = bytearray(seen.body)
        changed[place] ^= 1
        assert not passes(bytes(changed), seen.headers), f"byte {place} of the body was changed"
    assert not passes(seen.body[:-1], seen.headers)
    assert not passes(seen.body + b" ", seen.headers)
    for name in ("webhook-id", "webhook-timestamp"):
        for place, char in enumerate(seen.headers[name]):
            value = seen.headers[name]
            other = value[:place] + ("1" if char != "1" else "2") + value[place + 1 :]
            assert not passes(seen.body, {**seen.headers, name: other}), f"{name} was changed to {other}"


def test_the_form_makes_the_new_secret_while_the_old_one_is_named():
    old = make_secret()
    cleaned = clean_settings(WebhookChannel.form, {"url": URL, "previous_secret": old})
    assert cleaned.secret["previous_secret"] == old
    assert cleaned.secret["secret"] not in ("", old)
    assert set(cleaned.made) == {"secret"}
    assert old not in repr(cleaned)
    assert cleaned.identity == clean_settings(WebhookChannel.form, {"url": URL}).identity


@pytest.mark.parametrize("given", ["whsec_c2hvcnQ=", "n0t-one", "whsec_" + "A" * 120, "twin"])
def test_the_form_refuses_a_previous_secret_that_cannot_sign(given):
    secret = make_secret()
    value = secret if given == "twin" else given
    with pytest.raises(InvalidInput) as caught:
        clean_settings(WebhookChannel.form, {"url": URL, "secret": secret, "previous_secret": value})
    assert [error.field for error in caught.value.errors] == ["settings.previous_secret"]
    assert value not in str(caught.value)
    assert "empty" in str(caught.value)


def test_a_stored_secret_that_cannot_sign_is_rejected():
    target = Target("x", "hook", {"url": URL, "secret": make_secret(), "previous_secret": "whsec_short"})
    outcome = channel.send(make_message(target=target))
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.BAD_SETTINGS
    assert "short" not in outcome.detail
