"""The ledger over HTTP: lists with filters and cursors, one line, and another try."""

from __future__ import annotations

import pytest

from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Rejected
from tocsin.deliveries.models import Delivery
from tocsin.recipients.destinations import add_destination
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(signed_in, django_user_model):
    signed_in("ana", "acme")
    user = django_user_model.objects.get(username="ana")
    add_destination(user, "memory", {"name": "desk"})
    return user


@pytest.fixture
def dead(acme, ana, monkeypatch) -> str:
    """The id of a delivery that was given up."""
    monkeypatch.setattr(MemoryChannel, "send", lambda *_: Rejected(Cause.REFUSED, "no such desk"))
    acme.send(to=["user:ana"], channel="memory")
    deliver_now()
    monkeypatch.undo()
    return f"d{Delivery.objects.get(state='dead').pk}"


def test_lists_newest_first_by_filter_and_page(acme, ana) -> None:
    events = [acme.send(to=["user:ana"], channel=channel) for channel in ["memory", "message"] * 3]
    deliver_now()
    seen, after, pages = [], "", 0
    while True:
        page = acme.get(f"/deliveries?limit=4&after={after}").json()
        seen += page["items"]
        pages += 1
        after = page["next"]
        if after is None:
            break
    assert pages == 2
    assert {line["event"] for line in seen} == set(events)
    assert len({line["id"] for line in seen}) == len(seen) == 6
    by_event = acme.get(f"/deliveries?event={events[0]}").json()["items"]
    assert [(line["channel"], line["state"], line["user"]) for line in by_event] == [
        ("memory", "sent", str(ana.pk))
    ]
    assert len(acme.get("/deliveries?channel=message").json()["items"]) == 3
    assert len(acme.get("/deliveries?user=ana").json()["items"]) == 6
    assert acme.get("/deliveries?state=dead").json() == {"items": [], "next": None}


def test_one_delivery_is_shown_with_its_attempts(acme, dead) -> None:
    found = acme.get(f"/deliveries/{dead}").json()
    assert (found["state"], found["attempt"]) == ("dead", 1)
    assert found["sentence"]
    [attempt] = found["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["detail"]) == (1, "rejected", "no such desk")


def test_a_dead_delivery_is_retried(acme, dead) -> None:
    assert acme.post(f"/deliveries/{dead}/retry").json() == {"retried": 1}
    deliver_now()
    assert acme.get(f"/deliveries/{dead}").json()["state"] == "sent"
    assert acme.post(f"/deliveries/{dead}/retry").status_code == 409


def test_an_inbox_item_cannot_be_retried(acme, ana) -> None:
    acme.send(to=["user:ana"])
    deliver_now()
    [line] = acme.get("/deliveries").json()["items"]
    assert line["id"].startswith("i")
    assert acme.get(f"/deliveries/{line['id']}").json() == line
    assert acme.post(f"/deliveries/{line['id']}/retry").status_code == 409


@pytest.mark.parametrize(
    "public_id", ["d0", "d999999", "i999999", "x1", "d", "1", "d1x", "d" + "9" * 40, "dé"]
)
def test_what_is_no_delivery_is_missing(acme, public_id) -> None:
    expected = acme.get("/deliveries/d12345").content
    for response in (acme.get(f"/deliveries/{public_id}"), acme.post(f"/deliveries/{public_id}/retry")):
        assert (response.status_code, response.content) == (404, expected)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=ded", "state"),
        ("channel=pigeon", "channel"),
        ("event=7", "event"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("after=nonsense", "after"),
        ("after=" + "a" * 201, "after"),
        ("colour=red", "colour"),
    ],
)
def test_a_wrong_parameter_is_named(acme, query, field) -> None:
    response = acme.get(f"/deliveries?{query}")
    assert response.status_code == 422, response.content
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_someone_elses_person_and_nobody_give_the_same_empty_list(acme, rival, signed_in) -> None:
    signed_in("eve", "rival")
    rival.send(to=["user:eve"])
    deliver_now()
    assert rival.get("/deliveries?user=eve").json()["items"]
    assert acme.get("/deliveries?user=eve").content == acme.get("/deliveries?user=nobody").content
