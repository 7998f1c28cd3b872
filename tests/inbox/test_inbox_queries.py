"""What a reader sees of their inbox, and what they can do with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin import clock
from tocsin.errors import InvalidInput, NotFound
from tocsin.inbox import queries, wake
from tocsin.inbox.models import InboxItem
from tocsin.testing import frozen


def titles(user, **given):
    return [item.title for item in queries.list_items(user, **given).items]


def ids(user, **given):
    return [item.id for item in queries.list_items(user, **given).items]


def test_the_newest_comes_first(ana, told):
    told(ana, "one", "two", "three")
    assert titles(ana) == ["three", "two", "one"]


def test_a_reader_sees_only_their_own(ana, ben, told):
    told(ana, "for ana")
    told(ben, "for ben")
    assert titles(ana) == ["for ana"]
    assert titles(ben.pk) == ["for ben"]


def test_pages_follow_each_other_without_gap_or_double(ana, told):
    told(ana, *"abcde")
    seen, after = [], ""
    while True:
        page = queries.list_items(ana, after=after, limit=2)
        seen += [item.title for item in page.items]
        after = page.next
        if not after:
            break
    assert seen == list("edcba")


@pytest.mark.parametrize("after", ["x", "i", "i-1", "i1.5", "i٣", "d4", "i" + "9" * 40])
def test_a_cursor_that_is_none_is_refused(ana, after):
    with pytest.raises(InvalidInput, match="after"):
        queries.list_items(ana, after=after)


def test_one_channel_can_be_asked_for(ana, told):
    told(ana, "bell")
    told(ana, "banner", channel="header_message")
    assert titles(ana, channel="header_message") == ["banner"]
    assert titles(ana) == ["banner", "bell"]


def test_what_is_read_is_no_longer_unread(ana, told):
    told(ana, "one", "two")
    assert queries.mark_read(ana, [ids(ana)[0]]) == 1
    assert titles(ana, unread=True) == ["one"]
    assert titles(ana) == ["two", "one"]


def test_reading_twice_changes_nothing_the_second_time(ana, told):
    told(ana, "one")
    [public_id] = ids(ana)
    queries.mark_read(ana, [public_id])
    first = queries.get_item(ana, public_id).read_at
    assert queries.mark_read(ana, [public_id]) == 0
    assert queries.get_item(ana, public_id).read_at == first


def test_what_is_dismissed_leaves_the_list_and_is_kept(ana, told):
    told(ana, "one", "two")
    queries.dismiss(ana, [ids(ana)[0]])
    assert titles(ana) == ["one"]
    assert titles(ana, dismissed=True) == ["two"]
    assert titles(ana, unread=True) == ["one"]


def test_dismissing_keeps_when_it_was_read(ana, told):
    told(ana, "one")
    [public_id] = ids(ana)
    queries.mark_read(ana, [public_id])
    read_at = queries.get_item(ana, public_id).read_at
    with frozen(clock.now() + timedelta(hours=1)):
        queries.dismiss(ana, [public_id])
    item = queries.get_item(ana, public_id)
    assert item.read_at == read_at
    assert item.dismissed_at - read_at >= timedelta(minutes=59)


@pytest.mark.parametrize("do", [queries.mark_read, queries.dismiss])
def test_nobody_touches_what_is_anothers(ana, ben, told, do):
    told(ana, "mine")
    told(ben, "yours")
    with pytest.raises(NotFound):
        do(ana, ids(ana) + ids(ben))
    assert InboxItem.objects.filter(read_at=None, dismissed_at=None).count() == 2


@pytest.mark.parametrize("public_id", ["", "i", "i0", "d1", "1", "i99999999999999999999", "ix"])
def test_an_id_that_is_none_is_missing(ana, public_id):
    with pytest.raises(NotFound):
        queries.mark_read(ana, [public_id])
    with pytest.raises(NotFound):
        queries.get_item(ana, public_id)


def test_other_tabs_hear_of_changes_after_the_commit_and_of_nothing_else(
    ana, told, monkeypatch, django_capture_on_commit_callbacks
):
    told(ana, "one")
    heard = []
    monkeypatch.setattr(wake, "_publish", heard.append)
    for do in (queries.mark_read, queries.dismiss, queries.dismiss):
        with django_capture_on_commit_callbacks(execute=True):
            do(ana, ids(ana) or ids(ana, dismissed=True))
    assert heard == ["inbox", "inbox"]


def test_reading_all_clears_the_bell_and_leaves_what_wants_an_answer(ana, ben, told):
    told(ana, "one", "two")
    told(ana, "banner", channel="header_message")
    told(ana, "alert", channel="alert")
    told(ben, "other")
    assert queries.mark_all_read(ana) == 2
    assert titles(ana, unread=True) == ["alert", "banner"]
    assert titles(ben, unread=True) == ["other"]


def test_a_banner_whose_time_is_over_waits_for_nobody(ana, told):
    told(ana, "now", channel="header_message", expires_at=clock.now() + timedelta(hours=1))
    told(ana, "bell", expires_at=clock.now() + timedelta(hours=1))
    assert titles(ana, unread=True) == ["bell", "now"]
    with frozen(clock.now() + timedelta(hours=2)):
        assert titles(ana, unread=True) == ["bell"]


def test_the_body_is_sanitised_html_and_the_title_is_text(ana, told):
    told(ana, "<b>title</b>", body="**bold** <script>alert(1)</script> [x](javascript:alert(1))")
    item = queries.list_items(ana).items[0]
    assert item.title == "<b>title</b>"
    assert "<strong>bold</strong>" in item.html
    assert "<script" not in item.html
    assert "href" not in item.html


def test_json_has_what_the_element_reads(ana, told):
    told(ana, "one", level="failed", actions=[{"label": "Open", "url": "/x"}])
    found = queries.list_items(ana).items[0].as_json()
    assert found["level"] == "critical"
    assert found["actions"] == [{"label": "Open", "url": "http://testserver/x"}]
    assert (found["channel"], found["url"], found["read_at"]) == ("message", None, None)


def test_one_query_lists_a_page(ana, told, django_assert_num_queries):
    told(ana, *"abcdef")
    with django_assert_num_queries(1):
        queries.list_items(ana)
