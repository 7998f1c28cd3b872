"""The web push channel against a loopback push service that opens what it gets, as browsers do."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tests.channels.http.feeds import ListFeed
from tests.channels.webpush.given import ANA, BEN, EVENT, OLD, PRIVATE, PUBLIC, channel, pushed, send
from tests.servers.push_service import LIMIT
from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.clicks import delivery_of
from tocsin.channels.forms import clean_settings
from tocsin.channels.webpush.payload import PROOF_BYTES
from tocsin.deliveries.models import Delivery
from tocsin.errors import InvalidInput
from tocsin.levels import Level
from tocsin.recipients.destinations import add_destination
from tocsin.testing import Reply, deliver_now, make_message

# --- what a service worker is given


def test_the_payload_is_what_the_service_worker_is_written_for(browser):
    actions = ({"label": "Open", "url": "/invoices/42"}, {"label": "Pay", "url": "https://shop.example/pay"})
    assert pushed(browser, actions=actions).payload == {
        "v": 1,
        "event": EVENT.id,
        "title": "Invoice 42 is paid",
        "body": "1 200 €, see the invoice (https://shop.example/invoices/42).",
        "url": "https://shop.example/invoices/42",
        "tag": EVENT.id,
        "level": "info",
        "action": "open",
        "at": "2026-03-01T12:00:00+00:00",
        "links": [
            {"title": "Open", "url": "https://tocsin.example/invoices/42"},
            {"title": "Pay", "url": "https://shop.example/pay"},
        ],
        "more": 0,
        "lang": "en",
    }


def test_nothing_leads_anywhere_but_to_the_web(browser):
    actions = tuple(
        {"label": url, "url": url} for url in ("javascript:alert(1)", "mailto:a@b.example", "data:x")
    )
    payload = pushed(browser, url="javascript:alert(1)", actions=actions).payload
    assert (payload["url"], payload["links"]) == ("", [])


def test_browsers_show_two_buttons_so_no_more_are_sent(browser):
    actions = tuple({"label": f"Go {n}", "url": f"https://shop.example/{n}"} for n in range(4))
    assert [link["title"] for link in pushed(browser, actions=actions).payload["links"]] == ["Go 0", "Go 1"]


def test_title_and_language_are_the_recipients(browser):
    payload = pushed(browser, locale="fr", level=Level.CRITICAL, title="Disk\nfull").payload
    assert (payload["title"], payload["lang"]) == ("[critical] Disk full", "fr")


def test_several_events_are_one_notification_with_the_titles_of_all(browser):
    events = tuple(replace(EVENT, title=f"Nr {n}", body="word " * 2000) for n in range(8))
    events = (*events[:7], replace(events[7], level=Level.ERROR))
    payload = pushed(browser, events=events, recipient=ANA).payload
    assert payload["more"] == 7
    assert payload["level"] == "error"
    assert payload["body"].endswith("…\n• Nr 1\n• Nr 2\n• Nr 3\n• Nr 4\n• Nr 5\n• …")
    assert payload["body"].startswith("word word")
    assert (payload["url"], payload["links"], "read" in payload) == ("", [], False), "a click opens the inbox"


@pytest.mark.parametrize(
    "text", ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301", "\U0001f1eb\U0001f1f7", '"', "\\", "x"]
)
def test_what_is_too_long_is_cut_visibly_between_characters(service, browser, text):
    actions = tuple({"label": text * 100, "url": f"https://shop.example/{n}?{'x' * 1300}"} for n in range(2))
    url = "https://shop.example/" + "y" * 1400
    payload = pushed(browser, title=text * 60, body=text * 20_000, url=url, actions=actions).payload
    for part in (payload["title"], payload["body"]):
        assert part.replace("…", "").replace(text, "") == ""
    assert payload["body"].endswith("…")
    assert payload["url"] == url
    assert LIMIT - 30 < len(service.requests[-1].body) + PROOF_BYTES <= LIMIT


def test_a_text_that_just_fits_is_whole(service, browser):
    longest = {"recipient": ANA, "delivery_id": 2**63 - 1}
    pushed(browser, body="x", **longest)
    room = LIMIT - len(service.requests[-1].body) + 1
    assert pushed(browser, body="x" * room, **longest).payload["body"] == "x" * room
    assert len(service.requests[-1].body) == LIMIT
    assert pushed(browser, body="x" * (room + 1), **longest).payload["body"] == "x" * (room - 3) + "…"


def test_an_address_without_end_is_left_out_and_the_text_is_sent(browser):
    long = "https://shop.example/" + "x" * 1900
    payload = pushed(browser, url=long, actions=({"label": "Go", "url": long},)).payload
    assert (payload["url"], payload["links"]) == ("", [])
    assert payload["title"] == "Invoice 42 is paid"


def test_each_person_gets_a_proof_of_their_own_and_others_get_none(service, browser):
    browsers = [browser, service.make_subscription(PUBLIC), service.make_subscription(PUBLIC)]
    told = enumerate(zip(browsers, (ANA, BEN, None), strict=True), 7)
    messages = [make_message(one.settings, recipient=who, delivery_id=number) for number, (one, who) in told]
    alike = messages[0].events  # as in a claim: what is written of an event is written once
    sent = list(channel.send_batch(ListFeed([replace(one, events=alike) for one in messages])))
    assert all(isinstance(outcome, Sent) for _, outcome in sent)
    payloads = [one.pushed[0].payload for one in browsers]
    proofs = [one.pop("read", None) for one in payloads]
    assert payloads[0] == payloads[1] == payloads[2]
    assert [proof and delivery_of(proof) for proof in proofs] == [7, 8, None]


# --- answers


@pytest.mark.parametrize(
    ("reply", "kind", "cause", "disables"),
    [
        (Reply(200), Sent, None, None),
        (Reply(202), Sent, None, None),
        (Reply(404), Rejected, Cause.GONE, True),
        (Reply(410, b'{"reason": "Unregistered"}'), Rejected, Cause.GONE, True),
        (Reply(413), Rejected, Cause.TOO_LARGE, False),
        (Reply(400), Rejected, Cause.REFUSED_CONTENT, False),
        (Reply(400, b'{"reason":"VapidPkHashMismatch"}'), Rejected, Cause.NOT_AUTHORISED, False),
        (Reply(401), Rejected, Cause.NOT_AUTHORISED, False),
        (Reply(403, b'{"reason":"BadJwtToken"}'), Rejected, Cause.NOT_AUTHORISED, False),
        (Reply(302, headers={"Location": "/elsewhere"}), Rejected, Cause.REDIRECT, False),
        (Reply(406, headers={"Retry-After": "7"}), Retry, Cause.THROTTLED, None),
        (Reply(429, headers={"Retry-After": "7"}), Retry, Cause.THROTTLED, None),
        (Reply(500), Retry, Cause.SERVER_ERROR, None),
        (Reply(503, headers={"Retry-After": "7"}), Retry, Cause.THROTTLED, None),
    ],
)
def test_only_404_and_410_end_a_subscription(service, browser, reply, kind, cause, disables):  # noqa: PLR0917
    service.answer(reply)
    outcome = send(browser)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "cause", None) == cause
    assert getattr(outcome, "disable_destination", None) == disables
    if cause == Cause.THROTTLED:
        assert outcome.after == pytest.approx(7, abs=1)


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (Reply(403), "this machine's clock"),
        (Reply(403, b'{"reason":"BadJwtToken"}'), "WEBPUSH_CONTACT"),
        (Reply(403, b"the credentials do not correspond to the credentials used"), "off and on again"),
        (Reply(403, b"the key does not correspond to the sender ID used to subscribe"), "off and on again"),
        (Reply(401, b'{"errno":109,"message":"VAPID public key mismatch"}'), "off and on again"),
        (Reply(400, b'{"reason":"VapidPkHashMismatch"}'), "off and on again"),
        (Reply(410), "off and on again"),
    ],
)
def test_who_reads_the_refusal_reads_what_to_do(service, browser, reply, hint):
    service.answer(reply)
    assert hint in send(browser).detail


def test_one_that_is_throttled_holds_no_other(service, browser):
    other = service.make_subscription(PUBLIC)
    service.answer(Reply(429, headers={"Retry-After": "600"}), "accepted")
    feed = ListFeed([make_message(one.settings) for one in (browser, other)])
    outcomes = [outcome for _, outcome in channel.send_batch(feed)]
    assert sorted(type(one).__name__ for one in outcomes) == ["Retry", "Sent"]
    assert isinstance(send(service.make_subscription(PUBLIC)), Sent)


# --- keys


def test_a_subscription_made_under_an_older_key_is_served_with_it(service, browser, settings):
    old = service.make_subscription(OLD[1])
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [PRIVATE, OLD[0]]}
    assert (pushed(browser).key, pushed(old).key) == (PUBLIC, OLD[1])


def test_without_its_key_it_is_rejected_and_stays_for_who_puts_the_key_back(service, settings):
    old = service.make_subscription(OLD[1])
    outcome = send(old)
    assert (type(outcome), outcome.cause, outcome.disable_destination) == (
        Rejected,
        Cause.BAD_SETTINGS,
        False,
    )
    assert "off and on again" in outcome.detail
    assert service.requests == []
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [PRIVATE, OLD[0]]}
    assert isinstance(send(old), Sent)


def test_without_any_key_it_waits_and_says_how_they_are_made(service, browser, settings):
    assert channel.not_ready() == ""
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": []}
    assert "tocsin webpush keys" in channel.not_ready()
    assert send(browser) == Retry(Cause.BAD_SETTINGS, channel.not_ready())


def test_saved_without_a_key_it_is_under_todays_and_stays_so(service, settings):
    saved = clean_settings(channel.form, service.make_subscription().settings)
    assert saved.open == {"key": PUBLIC}
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [OLD[0], PRIVATE]}
    assert clean_settings(channel.form, saved.secret | saved.open).open == {"key": PUBLIC}


def test_what_browsers_and_libraries_write_differently_is_the_same(service):
    given = service.make_subscription(PUBLIC).settings
    padded = {name: given[name] + "=" * (-len(given[name]) % 4) for name in ("p256dh", "auth", "key")}
    first, second = (clean_settings(channel.form, one) for one in (given, given | padded))
    assert (first.secret, first.open, first.identity) == (second.secret, second.open, second.identity)


def test_what_a_push_service_never_takes_is_refused_with_the_remedy(service):
    given = service.make_subscription(PUBLIC).settings
    for wrong, told in (
        ({"endpoint": "http://push.example/x"}, "https only"),
        ({"auth": base64.b64encode(b"\xff" * 16).decode()}, "off and on again"),
        ({"key": OLD[1]}, "none of this site's keys"),
    ):
        with pytest.raises(InvalidInput, match=told):
            clean_settings(channel.form, given | wrong)


# --- the whole way


@pytest.mark.django_db
def test_an_event_and_its_end_reach_the_browser_and_a_gone_one_is_disabled(service, browser):
    ana = get_user_model().objects.create_user("ana")
    destination = add_destination(ana, "webpush", browser.settings)
    assert browser.settings["endpoint"] not in f"{destination.__dict__}"
    for status in ("open", "acknowledged", "resolved"):
        tocsin.notify("drill", title="Disk", to=["user:ana"], channel="webpush", group_key="d", status=status)
        deliver_now()
    assert [one.payload["action"] for one in browser.pushed] == ["open", "acknowledge", "resolve"]
    assert len(browser.waiting) == 1
    service.answer("gone")
    event = tocsin.notify("drill", title="Disk", to=["user:ana"], channel="webpush")
    deliver_now()
    destination.refresh_from_db()
    assert destination.disabled_at is not None
    assert Delivery.objects.get(event=event.id).state == "dead"


@pytest.mark.django_db
def test_a_lost_answer_is_a_second_push_of_the_same_tag(service, browser):
    ana = get_user_model().objects.create_user("ana")
    add_destination(ana, "webpush", browser.settings)
    service.answer(Reply(201, b"x", fault="cut"), "accepted")
    tocsin.notify("drill", title="Disk", to=["user:ana"], channel="webpush")
    deliver_now()
    http.forget_rests()
    with clock.frozen(clock.now() + timedelta(hours=1)):
        deliver_now()
    first, second = map(json.loads, service.payloads())
    assert first == second
    assert first["tag"] == first["event"]
