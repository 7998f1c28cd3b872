"""Tests and codes sent over HTTP: the far side's real answer, how often, and the proof of ownership."""

from __future__ import annotations

import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from tests.api.conftest import Caller
from tests.api.test_api_description import check
from tests.channels.email.mails import SMTP, use_backend
from tests.servers.http_sink import HttpSink, Reply
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Role
from tocsin.testing import deliver_now, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clear() -> Iterator[None]:
    MemoryChannel.clear()
    yield
    MemoryChannel.clear()


@pytest.fixture
def ana(signed_in) -> Caller:
    return signed_in("ana", "acme", email="ana@example.org")


@pytest.fixture
def asked(settings) -> None:
    """Addresses on the memory channel have to be confirmed."""
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["memory"]}


def add(who: Caller, channel: str = "memory", **settings: Any) -> str:
    """The path of a new destination."""
    response = who.post("/destinations", {"channel": channel, "settings": settings})
    assert response.status_code == 201, response.content
    return f"/destinations/{response.json()['id']}"


def last_code() -> str:
    return re.search(r"\d{6}", MemoryChannel.sent[-1].event.title)[0]


@pytest.mark.parametrize(
    ("reply", "outcome", "cause", "disabled"),
    [
        (Reply(204), "sent", None, False),
        (Reply(410), "rejected", "gone", True),
        (Reply(404), "rejected", "refused_recipient", False),
        (Reply(503), "retry", "server_error", False),
        (Reply(fault="drop"), "retry", "disconnected", False),
    ],
)
def test_the_outcome_is_what_the_far_side_said(ana, reply, outcome, cause, disabled) -> None:
    with HttpSink([reply]) as sink:
        place = add(ana, "webhook", url=f"{sink.url}t0ken-12345")
        response = ana.post(f"{place}/test")
    check(Caller().get("/openapi.json").json(), "post", "/destinations/{destination_id}/test", response)
    said = response.json()
    assert response.status_code == 200
    assert (said["outcome"], said["cause"], said["destination_disabled"]) == (outcome, cause, disabled)
    assert said["sentence"].endswith(".")
    assert "t0ken" not in response.content.decode()
    assert len(sink.requests) == 1
    found = ana.get(place).json()
    assert (found["disabled"], bool(found["disabled_reason"]), bool(found["tested_at"])) == (
        disabled,
        disabled,
        True,
    )
    assert not Delivery.objects.exists()


def test_nobody_listens(ana) -> None:
    with socket.socket() as bound:  # bound and not listening: the port refuses, and nobody else gets it
        bound.bind(("127.0.0.1", 0))
        said = ana.post(
            add(ana, "webhook", url=f"http://127.0.0.1:{bound.getsockname()[1]}/") + "/test"
        ).json()
    assert (said["outcome"], said["cause"]) == ("retry", "refused")


def test_the_account_address_is_tested_by_mail(ana, settings) -> None:
    place = f"/destinations/{ana.get('/destinations').json()['items'][0]['id']}"
    with SmtpCatcher() as catcher:
        use_backend(settings, SMTP, host=catcher.host, port=catcher.port)
        said = ana.post(f"{place}/test").json()
        assert (said["outcome"], [mail.recipients for mail in catcher.accepted]) == (
            "sent",
            [["ana@example.org"]],
        )
        assert said["provider_id"]
        again = ana.post(f"{place}/test")
        assert (again.status_code, again["Retry-After"]) == (429, "10")
        assert len(catcher.accepted) == 1


def test_one_test_in_ten_seconds(ana) -> None:
    place, other = add(ana, name="desk"), add(ana, name="table")
    with frozen(NOW):
        assert ana.post(f"{place}/test").status_code == 200
        assert ana.post(f"{other}/test").status_code == 200
    with frozen(NOW + timedelta(seconds=9)):
        refused = ana.post(f"{place}/test")
        assert (refused.status_code, refused["Retry-After"]) == (429, "10")
        assert refused.json()["type"] == "urn:tocsin:too-many-requests"
    with frozen(NOW + timedelta(seconds=10)):
        assert ana.post(f"{place}/test").status_code == 200
    assert len(MemoryChannel.sent) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("channel", ["memory", "email"])
def test_of_many_tests_at_once_one_is_sent(ana, channel) -> None:
    add(ana, name="desk")
    [found] = ana.get(f"/destinations?channel={channel}").json()["items"]
    statuses: list[int] = []
    start = threading.Barrier(8)

    def run() -> None:
        own = Caller(client=Client())
        own.client.cookies = ana.client.cookies.copy()
        start.wait()
        try:
            statuses.append(own.post(f"/destinations/{found['id']}/test").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [429] * 7


def test_an_address_is_used_once_its_owner_gave_back_the_code(ana, acme, asked) -> None:
    description = Caller().get("/openapi.json").json()
    made = ana.post("/destinations", {"channel": "memory", "settings": {"name": "desk"}})
    check(description, "post", "/destinations", made)
    place = f"/destinations/{made.json()['id']}"
    assert (made.json()["verified"], made.json()["code_sent"]["outcome"]) == (False, "sent")
    code = last_code()
    assert code not in made.content.decode()
    acme.send(to=["user:ana"], channel="memory", title="too early")
    deliver_now()
    wrong = ana.post(f"{place}/confirm", {"code": "000000" if code != "000000" else "111111"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/code")
    confirmed = ana.post(f"{place}/confirm", {"code": code})
    check(description, "post", "/destinations/{destination_id}/confirm", confirmed)
    assert (confirmed.status_code, confirmed.json()["verified"]) == (200, True)
    acme.send(to=["user:ana"], channel="memory", title="now")
    deliver_now()
    assert [message.event.title for message in MemoryChannel.sent][1:] == ["now"]
    assert ana.post(f"{place}/code").status_code == 409


def test_a_new_code_comes_a_minute_later_at_the_earliest(ana, asked) -> None:
    with frozen(NOW):
        place = add(ana, name="desk")
        refused = ana.post(f"{place}/code")
        assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    with frozen(NOW + timedelta(seconds=61)):
        assert ana.post(f"{place}/code").json()["outcome"] == "sent"
        assert ana.post(f"{place}/confirm", {"code": last_code()}).json()["verified"]
    assert len(MemoryChannel.sent) == 2


def test_a_code_that_could_not_be_sent_is_said(ana, asked) -> None:
    made = ana.post("/destinations", {"channel": "memory", "settings": {"name": "desk", "fail": "reject"}})
    assert made.status_code == 201
    sent = made.json()["code_sent"]
    assert (sent["outcome"], sent["cause"]) == ("rejected", "refused_recipient")
    assert Destination.objects.count() == 1


def test_another_address_has_to_be_confirmed_again(ana, asked) -> None:
    place = add(ana, name="desk")
    ana.post(f"{place}/confirm", {"code": last_code()})
    renamed = ana.call("PUT", place, {"label": "mine", "settings": {"name": "desk"}})
    assert renamed.json()["verified"] is True
    moved = ana.call("PUT", place, {"settings": {"name": "table"}})
    assert moved.json()["verified"] is False


def test_what_the_operator_adds_needs_no_proof_and_what_an_administrator_adds_does(
    signed_in, bearer, organization, asked
) -> None:
    organization("acme")
    body = {"owner": "org:acme", "channel": "memory"}
    operator = bearer("default", "destinations", operator=True)
    made = operator.post("/destinations", {**body, "settings": {"name": "by the operator"}}).json()
    assert (made["verified"], made["code_sent"]) == (True, None)
    for number, who in enumerate((signed_in("amy", "acme", Role.ADMIN), bearer("acme", "destinations"))):
        made = who.post("/destinations", {**body, "settings": {"name": str(number)}}).json()
        assert (made["verified"], made["code_sent"]["outcome"]) == (False, "sent")
