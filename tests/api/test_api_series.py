"""Series over HTTP: made, listed, read and ended, by those who may send events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.events.models import Event
from tocsin.schedule.models import Series

pytestmark = pytest.mark.django_db

SOON = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
DAILY = {
    "event": {"type": "drill", "title": "x", "to": ["org:acme"]},
    "rrule": "FREQ=DAILY",
    "time_zone": "UTC",
}


def make(caller, **more):
    response = caller.call("POST", "/series", DAILY | {"starts_at": SOON.isoformat()} | more)
    assert response.status_code == 201, response.content
    return response


def test_it_is_made_read_and_ended(acme) -> None:
    response = make(acme, expires_after=600, dedupe_key="k")
    made = response.json()
    assert response["Location"].endswith(f"/series/{made['id']}")
    assert (made["type"], made["to"], made["state"], made["missed"]) == ("drill", ["org:acme"], "active", 0)
    assert (made["created_by"], made["organization"]) == (Series.objects.get().created_by, "acme")
    assert datetime.fromisoformat(made["next_at"]) == SOON
    event = acme.get(f"/events/{made['next_event']}").json()
    assert (event["series"], event["title"]) == (made["id"], "x")
    assert datetime.fromisoformat(event["expires_at"]) == SOON + timedelta(minutes=10)
    assert acme.get(f"/series/{made['id']}").json() == made
    assert make(acme, expires_after=600, dedupe_key="k").json()["id"] == made["id"]
    assert acme.call("POST", "/series", DAILY | {"dedupe_key": "k"}).status_code == 409
    assert acme.call("POST", f"/series/{made['id']}/cancel").json() == {"cancelled": 1}
    ended = acme.get(f"/series/{made['id']}").json()
    assert (ended["state"], ended["next_at"], ended["sentence"]) == ("cancelled", None, "It was cancelled.")


def test_lists_go_on_by_cursor_and_are_narrowed(acme, rival) -> None:
    first, second, third = (
        make(acme, event=DAILY["event"] | {"title": name, "about": f"room/{name}"}).json()["id"]
        for name in "abc"
    )
    make(rival, event={"type": "drill", "title": "theirs"})
    page = acme.get("/series?limit=2").json()
    assert [one["id"] for one in page["items"]] == [third, second]
    rest = acme.get(f"/series?limit=2&after={page['next']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([first], None)
    acme.call("POST", f"/series/{first}/cancel")
    assert [one["id"] for one in acme.get("/series?state=cancelled").json()["items"]] == [first]
    assert [one["id"] for one in acme.get("/series?about=room/b").json()["items"]] == [second]
    for query in ("state=over", "after=x", "after=²", "limit=0"):
        assert acme.get(f"/series?{query}").status_code == 422


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"rrule": "FREQ=SECONDLY"}, ["#/rrule"]),
        ({"rrule": None, "time_zone": "Mars/Base"}, ["#/rrule", "#/time_zone"]),
        ({"starts_at": "2026-01-01T00:00:00", "expires_after": "1h"}, ["#/expires_after", "#/starts_at"]),
        ({"starts_at": "0001-01-01T00:00:00Z"}, ["#/starts_at"]),
        ({"starts_at": "9999-12-31T00:00:00Z"}, ["#/starts_at"]),
        ({"event": {"type": "drill", "title": "", "to": ["user:ana", "x"], "due_at": "2100-01-01T00:00:00Z"}},
         ["#/event/due_at", "#/event/title", "#/event/to/1"]),
        ({"event": {"type": "drill", "title": "x", "dedupe_key": "k", "colour": 1}},
         ["#/event/colour", "#/event/dedupe_key"]),
        ({"event": []}, ["#/event"]),
        ({"interval": 3}, ["#/interval"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_place(acme, body, where) -> None:
    refused = acme.call("POST", "/series", DAILY | body)
    assert refused.status_code == 422
    assert sorted(error["pointer"] for error in refused.json()["errors"]) == where
    assert all(error["remedy"] for error in refused.json()["errors"])
    assert not Series.objects.exists()
    assert not Event.objects.exists()


def test_bare_addresses_need_their_scope(bearer) -> None:
    writer = bearer("acme", "events:write")
    event = DAILY["event"] | {"to": ["email:x@example.com"]}
    assert writer.call("POST", "/series", DAILY | {"event": event}).status_code == 403
    assert not Series.objects.exists()


def test_a_condition_for_what_is_still_valid_is_kept(acme) -> None:
    tree = {"field": "status", "op": "is", "value": "open"}
    made = make(acme, event=DAILY["event"] | {"still_valid": tree, "group_key": "g"}).json()
    assert acme.get(f"/events/{made['next_event']}").json()["still_valid"] == tree
