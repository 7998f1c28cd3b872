"""Accepting: once per dedupe key, in the caller's transaction."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

import tocsin
from tocsin.errors import DedupeConflict
from tocsin.events.models import Event
from tocsin.pipeline import accept_group, accept_request, parse

GOOD = {"type": "message:internal", "title": "Hello"}


@pytest.mark.django_db
def test_an_equal_event_with_the_same_key_is_the_first_one() -> None:
    first = tocsin.notify(**GOOD, dedupe_key="k")
    again = tocsin.notify(**GOOD, dedupe_key="k")
    assert (first.created, again.created, again.id) == (True, False, first.id)
    assert Event.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other", [{"title": "Other"}, {"data": {"a": 1}}, {"to": ["user:x"]}, {"level": "error"}]
)
def test_another_event_with_the_same_key_is_a_conflict(other) -> None:
    first = tocsin.notify(**GOOD, dedupe_key="k")
    with pytest.raises(DedupeConflict, match=str(first.id)):
        tocsin.notify(**GOOD | other, dedupe_key="k")
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_a_conflict_leaves_the_callers_transaction_usable() -> None:
    with transaction.atomic():
        tocsin.notify(**GOOD, dedupe_key="k")
        with pytest.raises(DedupeConflict):
            tocsin.notify(**GOOD | {"title": "Other"}, dedupe_key="k")
        tocsin.notify(**GOOD)
    assert Event.objects.count() == 2


@pytest.mark.django_db
def test_a_list_is_stored_whole_or_not_at_all() -> None:
    tocsin.notify(**GOOD, dedupe_key="k")
    with pytest.raises(DedupeConflict):
        accept_request([parse(GOOD), parse(GOOD | {"title": "Other", "dedupe_key": "k"})])
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_a_key_twice_in_one_list_is_one_event() -> None:
    answers = accept_request([parse(GOOD | {"dedupe_key": "k"})] * 2)
    assert answers[0].id == answers[1].id
    assert [answer.created for answer in answers] == [True, False]


@pytest.mark.django_db
def test_keys_of_two_organizations_do_not_meet() -> None:
    from tocsin.tenants.models import Organization

    Organization.objects.create(slug="acme", name="Acme")
    tocsin.notify(**GOOD, dedupe_key="k")
    assert tocsin.notify(**GOOD | {"title": "Other"}, dedupe_key="k", organization="acme").created


@pytest.mark.django_db
def test_in_a_group_each_request_is_answered_for_itself() -> None:
    tocsin.notify(**GOOD, dedupe_key="taken")
    requests = [[parse(GOOD | {"title": f"Event {n}"})] for n in range(10)]
    requests[3] = [parse(GOOD | {"title": "x"}), parse(GOOD | {"title": "Other", "dedupe_key": "taken"})]
    requests[5] = [parse(GOOD | {"dedupe_key": "twin"})]
    requests[6] = [parse(GOOD), parse(GOOD | {"dedupe_key": "twin"})]
    requests[8] = [parse(GOOD)]
    requests[8][0].title = None  # the database refuses it
    answers = accept_group(requests)
    assert isinstance(answers[3], DedupeConflict)
    assert not isinstance(answers[8], list)
    fine = [answer for n, answer in enumerate(answers) if n not in (3, 8)]
    assert all(isinstance(answer, list) for answer in fine)
    assert answers[6][1].id == answers[5][0].id
    assert Event.objects.count() == 1 + 6 + 1 + 1


@pytest.mark.django_db(transaction=True)
def test_twenty_threads_with_one_key_make_one_event() -> None:
    barrier, ids = threading.Barrier(20), []

    def submit() -> None:
        barrier.wait()
        try:
            ids.append(tocsin.notify(**GOOD, dedupe_key="k").id)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 20
    assert len(set(ids)) == 1
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_never_was() -> None:
    with transaction.atomic():
        tocsin.notify(**GOOD)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_group_without_keys_is_one_statement(django_assert_num_queries) -> None:
    requests = [[parse(GOOD | {"title": f"n{number}"})] for number in range(5)]
    with django_assert_num_queries(1):
        answers = accept_group(requests)
    assert [[one.created for one in answer] for answer in answers] == [[True]] * 5
    assert Event.objects.count() == 5
