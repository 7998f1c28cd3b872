"""Cancelling by the dozen: first it is said what that stops, then it is done, and once is enough."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest

import tocsin
from tocsin import clock
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.tenants.models import Role
from tocsin.tenants.roles import PERMISSIONS
from tocsin.testing import deliver_now
from tocsin.web.ledger import events as pages

CANCEL, EVENTS = "/tocsin/events/cancel/", "/tocsin/events/"
SURE = {"sure": "yes"}


@pytest.fixture
def later(ana):
    """Accepts an event that is due tomorrow."""

    def send(title="Later", **fields):
        due = clock.now() + timedelta(days=1)
        given = {"organization": "acme", "to": [f"user:{ana.pk}"], "due_at": due} | fields
        return tocsin.notify(given.pop("type", "drill"), title=title, **given).id

    return send


@pytest.fixture
def retrying(give_up):
    """Sends an e-mail that did not get through yet; its event."""

    def send(title="Stuck"):
        row = give_up(title)
        tomorrow = clock.now() + timedelta(days=1)
        Delivery.objects.filter(pk=row.pk).update(state=State.RETRYING, due_at=tomorrow, finished_at=None)
        return row.event_id

    return send


def ids_in(page):
    return re.findall(r'name="id" value="([^"]+)"', page)


def states():
    return dict(Event.objects.values_list("title", "state"))


def test_the_question_says_how_much_that_is_and_does_nothing(client, later, retrying):
    chosen = [later(), retrying()]
    page = client.post(CANCEL, {"what": "ticked", "id": chosen}).content.decode()
    assert "Cancel 2 events?" in page
    assert "1 delivery that is not sent yet will be cancelled." in page
    assert set(ids_in(page)) == set(map(str, chosen))
    assert set(states().values()) == {"waiting", "planned"}


def test_what_was_shown_is_cancelled_and_nothing_else(client, later, retrying):
    chosen = [later("One"), retrying()]
    later("Not this")
    page = client.post(CANCEL, {"what": "ticked", "id": chosen}).content.decode()
    done = client.post(CANCEL, SURE | {"id": ids_in(page), "query": "level=info"}, follow=True)
    assert done.redirect_chain == [(f"{EVENTS}?level=info", 302)]
    assert "2 events are cancelled." in done.content.decode()
    assert states() == {"One": "cancelled", "Stuck": "cancelled", "Not this": "waiting"}
    assert Delivery.objects.get().state == "cancelled"
    again = client.post(CANCEL, SURE | {"id": ids_in(page)}, follow=True)
    assert "There was nothing left to cancel." in again.content.decode()


def test_what_is_sent_already_is_not_among_them(client, ana, tell, later):
    sent, waiting = tell(ana, "Sent", organization="acme"), later()
    page = client.post(CANCEL, {"what": "ticked", "id": [sent, waiting]}).content.decode()
    assert "Cancel 1 event?" in page
    answer = client.post(CANCEL, {"what": "ticked", "id": [sent]}, follow=True)
    assert "There is nothing to cancel among them" in answer.content.decode()


@pytest.mark.parametrize("query", ["type=task:*", "about=host%2Fdb1", "group_key=g"])
def test_all_that_a_filter_finds_can_be_cancelled(client, later, query):
    for number in range(3):
        later(f"Right {number}", type="task:missed", about="host/db1", group_key="g")
    later("Wrong")
    page = client.post(CANCEL, {"what": "all", "query": query}).content.decode()
    assert "Cancel 3 events?" in page
    client.post(CANCEL, SURE | {"id": ids_in(page), "query": query})
    assert states() == {"Wrong": "waiting"} | {f"Right {number}": "cancelled" for number in range(3)}


def test_more_than_is_done_at_once_is_said(client, later, monkeypatch):
    monkeypatch.setattr(pages, "AT_ONCE", 2)
    for number in range(3):
        later(str(number), about="x")
    page = client.post(CANCEL, {"what": "all", "query": "about=x"}).content.decode()
    assert "There may be more: 2 are cancelled at once." in page
    assert len(ids_in(page)) == 2


@pytest.mark.parametrize("query", ["", "level=loud", "unknown=1"])
def test_all_needs_something_that_is_looked_for(client, later, query):
    later()
    assert client.post(CANCEL, {"what": "all", "query": query}).status_code == 404


def test_anothers_event_is_missing_and_none_is_cancelled(client, globex, later):
    ours, theirs = later("Ours"), later("Theirs", organization="globex")
    for given in ({"what": "ticked"}, SURE):
        for key in (theirs, uuid.uuid4(), "x"):
            assert client.post(CANCEL, given | {"id": [ours, key]}).status_code == 404
    assert set(states().values()) == {"waiting"}


def test_who_may_only_look_cannot_cancel(acme, later, browse, person, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.MEMBER, frozenset({"events:read"}))
    event = later()
    bo = browse(person("bo", acme="member"))
    assert CANCEL not in bo.get(EVENTS).content.decode()
    assert bo.post(CANCEL, SURE | {"id": [event]}).status_code == 403
    assert states() == {"Later": "waiting"}


def test_a_cancelled_event_is_not_sent(client, later):
    event = later()
    client.post(CANCEL, SURE | {"id": [event]})
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert deliver_now() == 0
