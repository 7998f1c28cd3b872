"""The inbox page without a script: lists, tabs, pages and forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from tocsin import clock
from tocsin.inbox import queries
from tocsin.recipients.models import Person
from tocsin.web import inbox as view

URL = "/tocsin/inbox/"
CHANGE = "/tocsin/inbox/change/"


@pytest.fixture
def client(browse, ana):
    return browse(ana)


def text(client, url=URL):
    return client.get(url).content.decode()


def test_an_empty_inbox_says_what_will_happen(client):
    assert "appears here by itself" in text(client)
    assert "You have read everything" in text(client, URL + "?show=unread")
    assert "is kept here" in text(client, URL + "?show=dismissed")


def test_an_item_shows_all_of_itself(client, ana, tell):
    tell(ana, "Disk full", body="`/var` is *full*", level="critical", actor="cron",
         url="/hosts/db1", actions=[{"label": "Runbook", "url": "https://example.org/run"}])  # fmt: skip
    page = text(client)
    for part in ("Disk full", "<code>/var</code>", "Critical", "cron", 'href="http://testserver/hosts/db1"',
                 'href="https://example.org/run"', "Message from the system"):  # fmt: skip
        assert part in page


def test_hostile_words_stay_words(client, ana, tell):
    tell(
        ana,
        "<img src=x onerror=alert(1)>",
        body="<script>alert(1)</script> [x](javascript:alert(1))",
        actor="<i>",
    )
    page = text(client)
    assert "<img" not in page
    assert "<script>alert" not in page
    assert "javascript:alert" not in page.replace("(javascript:alert(1))", "")
    assert "&lt;img src=x" in page


def test_reading_one_and_all(client, ana, tell):
    for title in ("one", "two", "three"):
        tell(ana, title)
    first = queries.newest_ids(ana)[0]
    answer = client.post(CHANGE, {"action": "read", "id": first, "show": "unread"})
    assert answer["Location"] == URL + "?show=unread"
    assert "three" not in text(client, URL + "?show=unread")
    client.post(CHANGE, {"action": "read-all"})
    assert "You have read everything" in text(client, URL + "?show=unread")
    assert "Mark all as read" not in text(client)


def test_dismissing_moves_an_item_to_its_own_tab(client, ana, tell):
    tell(ana, "old news")
    client.post(CHANGE, {"action": "dismiss", "id": queries.newest_ids(ana)[0]})
    assert "old news" not in text(client)
    assert "old news" in text(client, URL + "?show=dismissed")


@pytest.mark.parametrize("form", [{}, {"action": "drop"}, {"action": "read"}, {"action": "read", "id": "i999"},
                                  {"action": "dismiss", "id": "d1"}, {"action": "read", "id": "\x00"}])  # fmt: skip
def test_a_form_that_makes_no_sense_is_missing(client, form):
    assert client.post(CHANGE, form).status_code == 404


@pytest.mark.parametrize(
    ("until", "moment"),
    [
        ("hour", "2037-01-07T10:30:00+00:00"),
        ("morning", "2037-01-08T08:00:00+00:00"),  # nine in Oslo
        ("monday", "2037-01-12T08:00:00+00:00"),
    ],
)
def test_an_item_is_put_off_by_the_clock_of_its_reader(client, ana, tell, until, moment):
    Person.objects.create(user=ana, time_zone="Europe/Oslo")
    tell(ana, "Later")
    [item] = queries.list_items(ana).items
    with clock.frozen(datetime(2037, 1, 7, 9, 30, tzinfo=UTC)):  # a Wednesday
        client.post(CHANGE, {"action": "snooze", "until": until, "id": item.id})
        assert "Later" not in text(client)
        assert "Later" in text(client, URL + "?show=snoozed")
        [again] = queries.list_items(ana, snoozed=True).items
    assert again.snoozed_until.isoformat() == moment


def test_no_other_time_is_taken(client, ana, tell):
    tell(ana, "Now")
    [item] = queries.list_items(ana).items
    assert client.post(CHANGE, {"action": "snooze", "until": "never", "id": item.id}).status_code == 404
    assert "Now" in text(client)


def test_anothers_item_cannot_be_touched(client, person, tell):
    ben = person("ben")
    tell(ben, "private")
    [public_id] = queries.newest_ids(ben)
    assert client.post(CHANGE, {"action": "dismiss", "id": public_id}).status_code == 404
    assert queries.newest_ids(ben) == [public_id]
    assert "private" not in text(client)


@pytest.mark.parametrize("query", ["show=everything", "after=x", "after=i", "after=%00"])
def test_a_query_that_is_none_is_missing(client, query):
    assert client.get(f"{URL}?{query}").status_code == 404


def test_older_items_are_on_further_pages(client, ana, tell, monkeypatch):
    monkeypatch.setattr(view, "PAGE", 2)
    for title in ("one", "two", "three"):
        tell(ana, f"item {title}")
    page = text(client)
    assert "item one" not in page
    after = queries.list_items(ana, limit=2).next
    assert f"after={after}" in page
    assert "item one" in text(client, f"{URL}?after={after}")


def test_home_is_the_inbox(client):
    assert client.get(reverse("tocsin:home"))["Location"] == URL


def test_a_page_costs_few_queries(client, ana, tell, django_assert_max_num_queries):
    for number in range(5):
        tell(ana, f"item {number}")
    with django_assert_max_num_queries(6):
        client.get(URL)
