"""Fifty clients share one commit; three of them bring trouble, and the other forty-seven do not notice."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tocsin import pipeline
from tocsin.errors import DedupeConflict
from tocsin.events.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 50
REFUSED = {"missing": None, "not encodable": "\ud800", "not storable": "a\x00b"}
"""Titles that validation would have stopped: the database, or its driver, is the last line."""


def drafts(*titles: str, key: str | None = None) -> list:
    return [
        pipeline.parse({"type": "drill", "title": title, "dedupe_key": f"{key}-{index}" if key else None})
        for index, title in enumerate(titles)
    ]


@pytest.mark.parametrize("title", REFUSED.values(), ids=REFUSED.keys())
def test_three_bad_requests_harm_none_of_forty_seven(title) -> None:
    if connection.vendor == "sqlite" and title == REFUSED["not storable"]:
        pytest.skip("SQLite stores NUL")
    pipeline.accept_request(drafts("There before", key="taken"))
    fine = [drafts(f"fine {number}") for number in range(CLIENTS - 6)]
    lists = [drafts("list a", "list b"), drafts("one", "two", key="list")]
    conflict = [*drafts("Not me"), *drafts("Another text", key="taken")]
    poison = drafts("Nor me", "poison")
    poison[1].title = title
    twice = [drafts("Same", key="twice"), drafts("Same", key="twice")]
    requests = [*fine[:20], conflict, twice[0], *fine[20:], poison, *lists, twice[1]]
    assert len(requests) == CLIENTS
    answers = pipeline.accept_group(requests)
    refused = [
        request for request, answer in zip(requests, answers, strict=True) if isinstance(answer, Exception)
    ]
    assert refused == [conflict, poison]
    assert isinstance(answers[20], DedupeConflict)
    first, second = answers[21][0], answers[49][0]
    assert (first.id, {first.created, second.created}) == (second.id, {True, False})
    titles = list(Event.objects.values_list("title", flat=True))
    expected = [f"fine {number}" for number in range(CLIENTS - 6)]
    assert sorted(titles) == sorted([*expected, "There before", "list a", "list b", "one", "two", "Same"])


def test_fifty_good_requests_are_one_insert() -> None:
    requests = [drafts(f"fine {number}", key=f"key {number}") for number in range(CLIENTS)]
    with CaptureQueriesContext(connection) as queries:
        answers = pipeline.accept_group(requests)
    assert all(answer[0].created for answer in answers)
    assert sum("INSERT INTO tocsin_event" in query["sql"] for query in queries) == 1
