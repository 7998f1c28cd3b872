"""The inbox over HTTP: a reader's own items, by session."""

from __future__ import annotations

import pytest

from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(signed_in):
    return signed_in("ana", "acme")


@pytest.fixture
def told(acme, ana):
    for channel in ("message", "message", "alert"):
        acme.send(to=["user:ana"], channel=channel, body="**Out**, please")
    deliver_now()
    return ana


def test_lists_the_readers_items(told) -> None:
    items = told.get("/inbox").json()["items"]
    assert [item["channel"] for item in items] == ["alert", "message", "message"]
    assert "<strong>Out</strong>" in items[0]["html"]
    assert len(told.get("/inbox?channel=alert").json()["items"]) == 1
    page = told.get("/inbox?limit=2").json()
    rest = told.get(f"/inbox?limit=2&after={page['next']}").json()
    assert (len(rest["items"]), rest["next"]) == (1, None)


def test_reading_and_putting_away(told) -> None:
    alert, bell, other = (item["id"] for item in told.get("/inbox").json()["items"])
    assert told.post(f"/inbox/{bell}/read").json() == {"changed": 1}
    assert told.post(f"/inbox/{bell}/read").json() == {"changed": 0}
    assert {item["id"] for item in told.get("/inbox?unread=true").json()["items"]} == {alert, other}
    assert told.post(f"/inbox/{alert}/dismiss").json() == {"changed": 1}
    assert told.post("/inbox/read-all").json() == {"changed": 1}
    assert told.get("/inbox?unread=true").json()["items"] == []


def test_the_count_has_an_etag(told) -> None:
    first = told.get("/inbox/count")
    assert first.json()["unread"] == 2
    tag = first["ETag"]
    for known in (tag, f"W/{tag}", f'"old", {tag}'):
        again = told.get("/inbox/count", If_None_Match=known)
        assert (again.status_code, again.content) == (304, b"")
    told.post("/inbox/read-all")
    changed = told.get("/inbox/count", If_None_Match=tag)
    assert (changed.status_code, changed.json()["unread"]) == (200, 0)


def test_the_stream_is_204_where_the_server_cannot_push(ana) -> None:
    response = ana.get("/inbox/stream")
    assert (response.status_code, response.content) == (204, b"")


def test_nobody_reads_or_changes_what_is_anothers(told, signed_in) -> None:
    ben = signed_in("ben", "acme")
    hers = told.get("/inbox").json()["items"][0]["id"]
    assert ben.get("/inbox").json()["items"] == []
    for verb in ("read", "dismiss"):
        theirs, missing = ben.post(f"/inbox/{hers}/{verb}"), ben.post(f"/inbox/i99999999/{verb}")
        assert (theirs.status_code, theirs.content) == (404, missing.content)
        assert ben.post(f"/inbox/nonsense/{verb}").content == missing.content
    assert all(item["read_at"] is None for item in told.get("/inbox").json()["items"])


def test_a_token_has_no_inbox(acme) -> None:
    assert acme.get("/inbox").status_code == 403


@pytest.mark.parametrize("query", ["unread=maybe", "channel=email", "channel=pigeon", "after=7", "limit=999"])
def test_a_wrong_parameter_is_named(ana, query) -> None:
    response = ana.get(f"/inbox?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == query.partition("=")[0]
