"""Dead letters: ticked or all that match, sent again once, and never what is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tocsin
from tocsin import clock, pipeline
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.errors import Conflict
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.tenants.models import Role
from tocsin.tenants.roles import PERMISSIONS
from tocsin.testing import deliver_now
from tocsin.web.ledger import deliveries as pages

TROUBLE, REPLAY = "/tocsin/deliveries/", "/tocsin/deliveries/replay/"


@pytest.fixture
def press(client):
    """Presses the button; what the next page says."""

    def post(*rows, **fields):
        given = {"id": [f"d{row.pk}" for row in rows], "what": "ticked", "next": TROUBLE} | fields
        answer = client.post(REPLAY, given, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    return post


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def test_what_is_ticked_is_sent_again_and_nothing_else(give_up, press):
    first, _second, third = (give_up(str(number)) for number in range(3))
    assert "2 deliveries are on their way again." in press(first, third)
    assert states() == ["pending", "dead", "pending"]
    deliver_now()
    assert states() == ["sent", "dead", "sent"]


def test_a_double_click_does_no_harm(give_up, press):
    row = give_up()
    press(row)
    assert "1 was not dead any more, and is left as it is." in press(row)
    assert states() == ["pending"]
    assert deliver_now() == 1


def test_nothing_ticked_is_nothing_done(give_up, press):
    give_up()
    assert "0 deliveries" in press()
    assert states() == ["dead"]


def test_all_that_match_are_sent_again(give_up, press):
    give_up("Mine", type="task:finished")
    give_up("Other")
    assert "1 delivery is on its way again." in press(what="all", query="state=dead&type=task:*")
    assert states() == ["pending", "dead"]
    assert "1 delivery is on its way again." in press(what="all", query="")
    assert states() == ["pending", "pending"]


def test_all_goes_in_chunks_and_says_that_there_are_more(give_up, press, monkeypatch):
    monkeypatch.setattr(pages, "CHUNK", 2)
    monkeypatch.setattr(pages, "AT_ONCE", 4)
    for number in range(5):
        give_up(str(number))
    page = press(what="all")
    assert "4 deliveries are on their way again." in page
    assert "do the same again for the next 4" in page
    page = press(what="all")
    assert "1 delivery is on its way again." in page
    assert "do the same again" not in page
    assert set(states()) == {"pending"}


@pytest.mark.parametrize("query", ["state=all", "state=sent", "state=dead&since=x"])
def test_only_what_is_dead_can_be_meant_by_all(client, give_up, query):
    give_up()
    assert client.post(REPLAY, {"what": "all", "query": query}).status_code == 404
    assert states() == ["dead"]


def test_what_has_expired_or_was_cancelled_is_not_sent_again_and_is_counted(give_up, press):
    late, off, fine = (give_up(str(number)) for number in range(3))
    Event.objects.filter(pk=late.event_id).update(expires_at=clock.now() - timedelta(minutes=1))
    Event.objects.filter(pk=off.event_id).update(state=EventState.CANCELLED)
    page = press(late, off, fine)
    assert "1 delivery is on its way again." in page
    assert "2 are not sent again: their events have expired, or were cancelled." in page
    assert states() == ["expired", "cancelled", "pending"]
    late.refresh_from_db()
    assert late.reason == "event_expired"


def test_an_event_expires_at_its_moment_and_not_before(give_up):
    row = give_up()
    now = clock.now()
    Event.objects.filter(pk=row.event_id).update(expires_at=now)
    with clock.frozen(now - timedelta(seconds=1)):
        assert pipeline.replay([f"d{row.pk}"]) == 1
    Delivery.objects.update(state=State.DEAD)
    with clock.frozen(now):
        assert pipeline.replay([f"d{row.pk}"]) == 0
    assert states() == ["expired"]


def test_programs_are_still_told_what_is_not_dead(give_up):
    row = give_up()
    pipeline.replay([f"d{row.pk}"])
    with pytest.raises(Conflict, match="only dead ones"):
        pipeline.replay([f"d{row.pk}"])


def test_anothers_is_missing_and_then_none_is_sent_again(client, give_up, globex):
    ours, theirs = give_up("Ours"), give_up("Theirs", organization="globex")
    answers = [
        client.post(REPLAY, {"id": [f"d{ours.pk}", key], "what": "ticked"})
        for key in (f"d{theirs.pk}", "d999999")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert states() == ["dead", "dead"]


def test_an_item_of_an_inbox_cannot_be_sent_again(press, ana):
    tocsin.notify("drill", title="x", to=[f"user:{ana.pk}"], organization="acme", channel="message")
    deliver_now()
    assert "is in an inbox already" in press(id=["i1"])


def test_who_may_only_look_has_no_buttons(acme, give_up, browse, person, monkeypatch):
    monkeypatch.setitem(PERMISSIONS, Role.MEMBER, frozenset({"events:read"}))
    row = give_up()
    bo = browse(person("bo", acme="member"))
    page = bo.get(TROUBLE).content.decode()
    assert "Refused" in page
    assert REPLAY not in page
    assert bo.post(REPLAY, {"id": f"d{row.pk}"}).status_code == 403


def test_all_on_a_page_can_be_ticked_without_a_script(give_up, read):
    give_up()
    give_up()
    assert read(TROUBLE).count(" checked") == 0
    page = read(TROUBLE, pick="")
    assert page.count(" checked") == 2
    assert "data-refresh" not in page
