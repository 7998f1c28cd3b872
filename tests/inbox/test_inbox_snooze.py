"""What is put off leaves the inbox and its counts, and comes back unread when it is time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tocsin.errors import InvalidInput, NotFound
from tocsin.inbox.queries import list_items, mark_all_read, mark_read, newest_ids, snooze
from tocsin.inbox.summary import summary
from tocsin.testing import frozen

LATER = datetime.now(UTC) + timedelta(days=7)


def titles(user, **filters) -> list[str]:
    return [item.title for item in list_items(user, **filters).items]


def test_it_leaves_and_comes_back_unread(ana, told) -> None:
    told(ana, "one", "two")
    one = list_items(ana).items[1].id
    mark_read(ana, [one])
    before = summary(ana)
    assert snooze(ana, [one], LATER) == 1
    assert (titles(ana), titles(ana, snoozed=True), newest_ids(ana)) == (
        ["two"],
        ["one"],
        [list_items(ana).items[0].id],
    )
    assert (summary(ana).channels, summary(ana).latest) == (before.channels, before.latest)
    assert summary(ana).tag != before.tag
    mark_all_read(ana)
    with frozen(LATER):
        assert (titles(ana, unread=True), titles(ana, snoozed=True), summary(ana).unread) == (["one"], [], 1)


def test_what_is_anothers_or_past_is_refused(ana, ben, told) -> None:
    told(ana, "one")
    [item] = list_items(ana).items
    with pytest.raises(NotFound):
        snooze(ben, [item.id], LATER)
    for until in (None, datetime.now(UTC), "2020-01-01T00:00:00Z", "2100-01-01T00:00:00", "x", 7):
        with pytest.raises(InvalidInput, match="until"):
            snooze(ana, [item.id], until)
    assert titles(ana) == ["one"]


def test_over_http_and_on_the_page(ana, told) -> None:
    told(ana, "one")
    [item] = list_items(ana).items
    client = Client()
    client.force_login(ana)
    path = f"/tocsin/api/v1/inbox/{item.id}/snooze"
    assert client.post(path, {"until": LATER.isoformat()}, "application/json").json() == {"changed": 1}
    assert client.get("/tocsin/api/v1/inbox").json()["items"] == []
    [found] = client.get("/tocsin/api/v1/inbox?snoozed=true").json()["items"]
    assert datetime.fromisoformat(found["snoozed_until"]) == LATER
    assert client.post(path, {"until": "x"}, "application/json").status_code == 422
    assert "one" in client.get(reverse("tocsin:inbox") + "?show=snoozed").content.decode()
    told(ana, "two")
    two = list_items(ana).items[0].id
    form = {"id": two, "action": "snooze", "until": "hour"}
    assert client.post(reverse("tocsin:inbox-change"), form).status_code == 302
    assert titles(ana) == []
