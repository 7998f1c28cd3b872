"""A click on a notification: its event is read in the bell, by the proof that was pushed with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.channels.webpush.given import PRIVATE, PUBLIC
from tests.servers.push_service import PushService
from tocsin import clock
from tocsin.channels.clicks import proof_of
from tocsin.deliveries.models import Delivery
from tocsin.inbox import queries
from tocsin.inbox.models import InboxItem
from tocsin.pipeline import forget
from tocsin.recipients import destinations

CLICKED = "/tocsin/push/clicked/"


KINDS = {
    "disk:state": {"label": "State of a disk", "channels": ["message", "webpush"]},
    "disk:lost": {"label": "A disk is lost", "channels": ["alert", "webpush"]},
}


@pytest.fixture
def browser(settings):
    settings.TOCSIN = {**settings.TOCSIN, "WEBPUSH_KEYS": [PRIVATE], "EVENT_TYPES": KINDS}
    with PushService() as service:
        yield service.make_subscription(PUBLIC)
        assert service.refused == []


@pytest.fixture
def ana(person, browser):
    """Somebody who is told on a device, too."""
    ana = person("ana")
    destinations.create(ana, "webpush", browser.settings)
    return ana


@pytest.fixture
def told(tell):
    """Tells somebody of a disk, on all channels of its type."""

    def send(to, title="News", *, kind="disk:state", channel=""):
        return tell(to, title, type=kind, channel=channel)

    return send


def click(client, proof):
    return client.post(CLICKED, {"read": proof})


def unread(user):
    return sorted(InboxItem.objects.filter(user=user, read_at=None).values_list("channel", "event__title"))


def test_who_clicks_has_read_it_in_the_bell_signed_in_or_not(browse, ana, ben, browser, told):
    for title in ("one", "two"):
        told(ana, title)
    told(ben, "one")
    first, second = (one.payload["read"] for one in browser.pushed)
    assert click(browse(strict=True), first).json() == {"changed": 1}
    assert unread(ana) == [("message", "two")]
    assert click(browse(ben, strict=True), second).json() == {"changed": 1}
    assert (unread(ana), unread(ben)) == ([], [("message", "one")])


def test_twice_is_the_same_as_once(browse, ana, browser, told):
    told(ana)
    [pushed] = browser.pushed
    for changed in (1, 0):
        assert click(browse(), pushed.payload["read"]).json() == {"changed": changed}
        [item] = queries.list_items(ana).items
        assert item.read_at == item.seen_at is not None


def test_what_wants_an_answer_of_its_own_or_is_to_come_back_stays(browse, ana, browser, told):
    told(ana, "asks", kind="disk:lost")
    told(ana, "later")
    [item] = queries.list_items(ana, channel="message").items
    queries.snooze(ana, [item.id], clock.now() + timedelta(hours=1))
    assert len(browser.pushed) == 2
    for pushed in browser.pushed:
        assert click(browse(), pushed.payload["read"]).json() == {"changed": 0}
    assert unread(ana) == [("alert", "asks"), ("message", "later")]


def test_who_has_no_bell_may_click_too(browse, ana, browser, told):
    told(ana, channel="webpush")
    [pushed] = browser.pushed
    assert click(browse(), pushed.payload["read"]).json() == {"changed": 0}


def test_nobody_can_guess_it(browse, ana, browser, told):
    told(ana)
    [pushed] = browser.pushed
    proof, number = pushed.payload["read"], Delivery.objects.get(channel="webpush").pk
    assert proof == proof_of(number)
    for wrong in (
        str(number),
        f"{number}:",
        proof[:-1],
        proof.upper(),
        f"0{proof}",
        "",
        ":",
        "\x00",
        "é:é",
        "9" * 5000,
    ):
        assert click(browse(ana), wrong).status_code == 404, wrong
    assert click(browse(ana), proof_of(number + 1)).json() == {"changed": 0}
    assert browse(ana).get(CLICKED, {"read": proof}).status_code == 405
    assert unread(ana) == [("message", "News")]


def test_of_somebody_who_is_gone_nothing_is_changed(browse, ana, browser, told):
    told(ana)
    [pushed] = browser.pushed
    key = ana.pk
    forget(key)
    ana.delete()
    assert click(browse(), pushed.payload["read"]).json() == {"changed": 0}
