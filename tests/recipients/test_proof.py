"""A code that comes back proves who an address belongs to."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

import tocsin
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Sent
from tocsin.deliveries.models import Delivery
from tocsin.errors import Conflict, InvalidInput, TooSoon
from tocsin.recipients import destinations, managed, proof
from tocsin.recipients.models import Destination
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def asked(settings):
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["memory"]}
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


@pytest.fixture
def mine(django_user_model):
    ana = django_user_model.objects.create_user("ana", "ana@example.org")
    return destinations.create(ana, "memory", {"name": "desk"}).destination


def code_sent() -> str:
    return re.search(r"\b\d{6}\b", MemoryChannel.sent[-1].event.title)[0]


def told(title: str) -> str:
    event = tocsin.notify("message:internal", title=title, to=["user:ana"], channel="memory")
    deliver_now()
    return Delivery.objects.get(event=event.id).reason


def test_nothing_is_sent_before_the_code_came_back(mine) -> None:
    assert told("first") == "destination_unverified"
    assert pipeline.send_code(mine) == Sent()
    proof.confirm(mine, f" {code_sent()} ")
    assert told("second") == ""
    assert [message.event.title for message in MemoryChannel.sent][1:] == ["second"]


def test_what_the_operator_adds_is_taken_as_confirmed(mine, django_user_model) -> None:
    theirs = destinations.add_destination(mine.user, "memory", {"name": "other"})
    assert not proof.is_missing("memory", theirs.verified_at)
    with pytest.raises(Conflict):
        proof.begin(theirs)


def test_where_it_is_not_asked_for_everything_is_sent(mine, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": []}
    assert told("first") == ""


def test_a_code_is_guessed_five_times_at_most(mine) -> None:
    code = proof.begin(mine)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(proof.MOST_TRIES):
        with pytest.raises(InvalidInput, match="another one"):
            proof.confirm(mine, wrong)
    with pytest.raises(InvalidInput, match="not asked for any more"):
        proof.confirm(mine, code)
    mine.refresh_from_db()
    assert mine.verified_at is None


def test_a_code_is_good_for_a_quarter_of_an_hour_and_once(mine) -> None:
    with frozen(NOW):
        code = proof.begin(mine)
    with frozen(NOW + timedelta(seconds=901)), pytest.raises(InvalidInput, match="not asked for"):
        proof.confirm(mine, code)
    with frozen(NOW + timedelta(seconds=899)):
        proof.confirm(mine, code)
        with pytest.raises(InvalidInput, match="not asked for"):
            proof.confirm(mine, code)


def test_a_new_code_voids_the_one_before_and_comes_a_minute_later_at_the_earliest(mine) -> None:
    with frozen(NOW):
        first = proof.begin(mine)
    with frozen(NOW + timedelta(seconds=20)), pytest.raises(TooSoon) as caught:
        proof.begin(mine)
    assert caught.value.seconds == 40
    with frozen(NOW + timedelta(seconds=61)):
        second = proof.begin(mine)
        if first != second:
            with pytest.raises(InvalidInput, match="another one"):
                proof.confirm(mine, first)
        proof.confirm(mine, second)


def test_a_code_does_not_confirm_what_the_destination_was_changed_into(mine) -> None:
    code = proof.begin(mine)
    destinations.change(mine, {"name": "elsewhere"})
    with pytest.raises(InvalidInput, match="another one"):
        proof.confirm(mine, code)


def test_a_confirmed_destination_that_gets_another_address_is_confirmed_anew(mine) -> None:
    proof.confirm(mine, proof.begin(mine))
    destinations.change(mine, {"name": "desk"}, label="same address")
    assert mine.verified_at is not None
    destinations.change(mine, {"name": "elsewhere"})
    assert proof.is_missing("memory", mine.verified_at)


def test_a_code_does_not_confirm_what_is_changed_in_the_same_moment(mine) -> None:
    code = proof.begin(mine)
    destinations.change(Destination.objects.get(pk=mine.pk), {"name": "elsewhere"})
    with pytest.raises(InvalidInput, match="changed since"):
        proof.confirm(mine, code)
    assert Destination.objects.get(pk=mine.pk).verified_at is None


@pytest.mark.django_db(transaction=True)
def test_of_many_codes_asked_for_at_once_one_is_sent(mine) -> None:
    def ask() -> str:
        try:
            return proof.begin(Destination.objects.get(pk=mine.pk))
        except TooSoon:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(map(bool, pool.map(lambda _: ask(), range(8)))) == 1


def test_a_test_is_no_way_around_the_proof(mine) -> None:
    with pytest.raises(Conflict, match="not confirmed"):
        pipeline.test(mine)
    assert not MemoryChannel.sent


@pytest.mark.parametrize(
    "given",
    [
        None,
        123456,
        ["123456"],
        "",
        "12345",
        "1234567",
        "abc",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "x" * 10_000,
    ],
)
def test_what_is_no_code_is_refused(mine, given) -> None:
    proof.begin(mine)
    with pytest.raises(InvalidInput) as caught:
        proof.confirm(mine, given)
    assert caught.value.errors[0].field == "code"


def test_the_account_address_needs_no_proof(mine, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["email"]}
    with pytest.raises(Conflict):
        proof.begin(managed.entries(mine.user_id)[0])


def test_the_code_itself_is_nowhere_in_the_database(mine) -> None:
    code = proof.begin(mine)
    mine.refresh_from_db()
    assert code not in f"{mine.__dict__}".replace(str(mine.pk), "")
