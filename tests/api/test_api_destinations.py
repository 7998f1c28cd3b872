"""Destinations over HTTP: whose they are, how they are listed and changed, and that no secret comes out."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import Caller
from tests.api.test_api_description import check
from tests.servers.http_sink import HttpSink, Reply
from tocsin.recipients import secrets
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Role

pytestmark = pytest.mark.django_db

DESK = {"channel": "memory", "settings": {"name": "desk"}}
HOOK = "https://example.org/hook/t0ken-12345"
SECRET = "whsec_" + "QUJD" * 11


@pytest.fixture
def ana(signed_in) -> Caller:
    """A member of acme, who may manage her own."""
    return signed_in("ana", "acme", email="Ana@example.org")


@pytest.fixture
def eve(signed_in) -> Caller:
    """An administrator of another organization."""
    return signed_in("eve", "rival", Role.ADMIN, email="eve@example.org")


@pytest.fixture
def hook(ana) -> str:
    """The id of a webhook of Ana's."""
    response = ana.post("/destinations", {"channel": "webhook", "settings": {"url": HOOK, "secret": SECRET}})
    return response.json()["id"]


def unsealed(public_id: str) -> dict[str, Any]:
    return secrets.unseal(Destination.objects.get(pk=int(public_id)).secrets)


def test_one_is_added_read_changed_and_removed_as_described(ana) -> None:
    description = Caller().get("/openapi.json").json()
    made = ana.post("/destinations", DESK | {"label": "my desk"})
    check(description, "post", "/destinations", made)
    assert made.status_code == 201
    place = made["Location"].removeprefix("/tocsin/api/v1")
    found = ana.get(place)
    check(description, "get", "/destinations/{destination_id}", found)
    assert found.json() | {"created_at": ""} == {
        "id": made.json()["id"], "owner": "user:ana", "channel": "memory", "label": "my desk",
        "settings": {"name": "desk"}, "secrets": [], "managed": False, "verified": None, "disabled": False,
        "disabled_reason": "", "created_at": "", "tested_at": None,
    }  # fmt: skip
    assert made.json() == found.json() | {"made": {}, "code_sent": None}
    changed = ana.call("PUT", place, {"settings": {"name": "table"}})
    check(description, "put", "/destinations/{destination_id}", changed)
    assert (changed.json()["label"], changed.json()["settings"]) == ("my desk", {"name": "table"})
    assert (
        ana.call("PUT", place, {"label": "table", "settings": {"name": "table"}}).json()["label"] == "table"
    )
    for verb in ("test", "disable", "enable"):
        check(description, "post", f"/destinations/{{destination_id}}/{verb}", ana.post(f"{place}/{verb}"))
    check(description, "get", "/destinations", ana.get("/destinations"))
    gone = ana.call("DELETE", place)
    assert (gone.status_code, gone.content, gone.get("Content-Type")) == (204, b"", None)
    assert ana.get(place).status_code == 404
    assert not Destination.objects.exists()


def callers(ana: Caller, signed_in: Any, bearer: Any) -> dict[str, Caller]:
    return {
        "member": ana,
        "manager": signed_in("max", "acme", Role.MANAGER),
        "admin": signed_in("amy", "acme", Role.ADMIN),
        "token": bearer("acme", "destinations"),
        "operator": bearer("default", "destinations", operator=True),
        "staff": signed_in("root", "", is_staff=True),
    }


OWNERS = ["user:ana", "user:eve", "user:nobody", "user:999999", "org:acme", "org:rival", "org:nowhere"]


@pytest.mark.parametrize(
    ("caller", "itself", "allowed"),
    [
        ("member", "user:ana", {"user:ana"}),
        ("manager", "user:max", set()),
        ("admin", "user:amy", {"org:acme"}),
        ("token", "org:acme", {"org:acme"}),
        ("operator", None, {"user:ana", "user:eve", "org:acme", "org:rival"}),
        ("staff", "user:root", {"user:ana", "user:eve", "org:acme", "org:rival"}),
    ],
)
def test_whose_destinations_one_may_make(
    *, ana, eve, rival, signed_in, bearer, caller, itself, allowed
) -> None:
    who = callers(ana, signed_in, bearer)[caller]
    refused = set()
    for number, owner in enumerate(OWNERS):
        body = {"owner": owner, "channel": "memory", "settings": {"name": f"desk {number}"}}
        before = Destination.objects.count()
        response, listed = who.post("/destinations", body), who.get(f"/destinations?owner={owner}")
        if owner in allowed:
            assert (response.status_code, response.json()["owner"]) == (201, owner)
            assert response.json()["id"] in [item["id"] for item in listed.json()["items"]]
            continue
        assert (response.status_code, listed.status_code) == (422, 422)
        assert Destination.objects.count() == before
        refused.add((response.content, listed.content))
    assert len(refused) == 1  # another's and a missing one's, byte for byte
    response = who.post("/destinations", {"channel": "memory", "settings": {"name": "own"}})
    if itself is None:
        assert [(error["field"], error["message"]) for error in response.json()["errors"]] == [
            ("owner", "is missing.")
        ]
    else:
        assert (response.status_code, response.json()["owner"]) == (201, itself)


@pytest.mark.parametrize("name", ["7", "ana", "name=ana", "a:b"])
def test_the_owner_that_is_shown_can_be_given(bearer, django_user_model, name) -> None:
    django_user_model.objects.create(username="other", pk=7)
    user = django_user_model.objects.create(username=name)
    operator = bearer("default", operator=True)
    add_destination(user, "memory", {"name": "desk"})
    [item] = operator.get("/destinations").json()["items"]
    made = operator.post("/destinations", {**DESK, "owner": item["owner"], "settings": {"name": "table"}})
    assert made.json()["owner"] == item["owner"]
    assert set(Destination.objects.values_list("user", flat=True)) == {user.pk}


def test_the_account_address_comes_first_then_the_newest_in_pages_of_any_size(ana, eve) -> None:
    for number in range(4):
        ana.post("/destinations", {"channel": "memory", "settings": {"name": str(number)}})
    eve.post("/destinations", DESK)
    whole = ana.get("/destinations").json()
    assert whole["next"] is None
    assert [item["label"] for item in whole["items"]] == ["ana@example.org", "3", "2", "1", "0"]
    for limit in (1, 2, 3, 5):
        seen: list[Any] = []
        after = ""
        for _ in range(-(-5 // limit)):
            page = ana.get(f"/destinations?limit={limit}&after={after}").json()
            assert len(page["items"]) <= limit
            seen += page["items"]
            after = page["next"]
        assert (seen, after) == (whole["items"], None)
    by_channel = ana.get("/destinations?channel=email").json()["items"]
    assert [(item["managed"], item["settings"]) for item in by_channel] == [
        (True, {"email_address": "ana@example.org"})
    ]
    assert len(ana.get("/destinations?channel=memory").json()["items"]) == 4
    assert len(ana.get("/destinations?owner=user:ana").json()["items"]) == 5


def test_who_sees_what_in_the_list(*, ana, eve, acme, signed_in, bearer, organization) -> None:
    ana.post("/destinations", DESK)
    acme.post("/destinations", {**DESK, "label": "of acme"})
    amy = signed_in("amy", "acme", Role.ADMIN)

    def labels(who: Caller, query: str = "") -> list[str]:
        return [item["label"] for item in who.get(f"/destinations{query}").json()["items"]]

    assert labels(ana) == ["ana@example.org", "desk"]
    assert labels(amy) == labels(acme) == ["of acme"]
    assert labels(eve) == ["eve@example.org"]
    operator = bearer("default", operator=True)
    assert labels(operator) == ["of acme", "desk"]
    assert labels(operator, "?owner=user:ana") == ["ana@example.org", "desk"]
    assert labels(operator, "?owner=org:acme") == ["of acme"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("owner=pigeon", "owner"),
        ("owner=user:", "owner"),
        ("owner=user:%00", "owner"),
        ("owner=user:a%0D%0Ab", "owner"),
        ("channel=pigeon", "channel"),
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("after=nonsense", "after"),
        ("after=account-email-999999", "after"),
        ("after=" + "9" * 40, "after"),
        ("after=%D9%A3", "after"),
        ("colour=red", "colour"),
    ],
)
def test_a_wrong_parameter_is_named(ana, query, field) -> None:
    response = ana.get(f"/destinations?{query}")
    assert response.status_code == 422, response.content
    assert [error["field"] for error in response.json()["errors"]] == [field]


ROUTES = [("GET", ""), ("PUT", ""), ("DELETE", ""), *(("POST", f"/{verb}") for verb in
          ("test", "disable", "enable", "code", "confirm"))]  # fmt: skip


@pytest.mark.parametrize(("method", "verb"), ROUTES)
def test_anothers_own_and_account_address_are_like_missing_ones(
    *, ana, eve, acme, rival, method, verb
) -> None:
    ids = [eve.post("/destinations", DESK).json()["id"], rival.post("/destinations", DESK).json()["id"]]
    ids.append(eve.get("/destinations?channel=email").json()["items"][0]["id"])
    before = list(Destination.objects.order_by("pk").values())
    for who in (ana, acme):
        missing = who.call(method, f"/destinations/987654321{verb}", {"settings": {}})
        assert missing.status_code == 404
        for public_id in [*ids, "account-email-987654321", "account-memory-1", "account", "0", "x", "%D9%A3"]:
            for body in ({"settings": {"name": "x"}}, b"{", None):
                theirs = who.call(method, f"/destinations/{public_id}{verb}", body)
                assert (theirs.status_code, theirs.content) == (404, missing.content)
                assert dict(theirs.headers) == dict(missing.headers)
    assert list(Destination.objects.order_by("pk").values()) == before


def test_a_secret_that_was_made_is_shown_once(ana) -> None:
    made = ana.post("/destinations", {"channel": "webhook", "settings": {"url": HOOK}})
    secret = made.json()["made"]["secret"]
    assert secret.startswith("whsec_")
    assert made.json()["secrets"] == ["secret", "url"]
    assert secret not in ana.get("/destinations").content.decode()
    assert unsealed(made.json()["id"])["secret"] == secret


def test_a_secret_stays_with_its_address_and_does_not_follow_to_another(ana, hook) -> None:
    kept = ana.call("PUT", f"/destinations/{hook}", {"label": "hook", "settings": {}}).json()
    assert (kept["secret_cleared"], kept["made"], unsealed(hook)["secret"]) == (False, {}, SECRET)
    moved = ana.call("PUT", f"/destinations/{hook}", {"settings": {"url": HOOK + "6"}}).json()
    assert moved["secret_cleared"]
    assert unsealed(hook)["secret"] == moved["made"]["secret"] != SECRET


def test_no_answer_and_no_log_shows_a_secret(ana, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with HttpSink([Reply(500, b"no t0ken-12345 " + SECRET.encode())]) as sink:
        url = f"{sink.url}hook/t0ken-12345?key=c4nary-k3y"
        made = ana.post("/destinations", {"channel": "webhook", "settings": {"url": url, "secret": SECRET}})
        place = f"/destinations/{made.json()['id']}"
        taken = {"channel": "webhook", "settings": {"url": url, "secret": SECRET}}
        said = [
            made, ana.get(place), ana.get("/destinations"), ana.post(f"{place}/test"),
            ana.call("PUT", place, {"settings": {"secret": SECRET[:-4] + "!!!!", "url": url}}),
            ana.call("PUT", place, {"settings": {"url": url.replace("http:", "ftp:"), "secret": SECRET}}),
            ana.call("PUT", place, {"settings": {"secrets": SECRET, "url": url}}),
            ana.call("PUT", place, {"settings": {}}),
            ana.post("/destinations", taken), ana.post(f"{place}/disable"), ana.post(f"{place}/enable"),
            ana.call("DELETE", place),
        ]  # fmt: skip
    assert [response.status_code for response in said] == [
        201,
        200,
        200,
        200,
        422,
        422,
        422,
        200,
        422,
        200,
        200,
        204,
    ]
    everything = caplog.text + "".join(response.content.decode() for response in said)
    for canary in (SECRET, SECRET[6:30], "t0ken-12345", "c4nary-k3y"):
        assert canary not in everything


def test_secrets_that_cannot_be_read_are_said_and_can_be_replaced(ana, hook, settings) -> None:
    from cryptography.fernet import Fernet

    settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": [Fernet.generate_key().decode()]}
    assert ana.get(f"/destinations/{hook}").json()["secrets"] is None
    refused = ana.post(f"/destinations/{hook}/test")
    assert refused.status_code == 409
    assert "SECRET_KEYS" in refused.json()["detail"]
    saved = ana.call("PUT", f"/destinations/{hook}", {"settings": {"url": HOOK}}).json()
    assert (saved["secret_cleared"], saved["secrets"]) == (True, ["secret", "url"])


def test_the_account_address_is_read_only_but_can_be_switched_off(ana, settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["email"]}
    [account] = ana.get("/destinations").json()["items"]
    place = f"/destinations/{account['id']}"
    assert ana.get(place).json() == account
    assert (account["managed"], account["created_at"], account["verified"]) == (True, None, None)
    assert not Destination.objects.exists()  # reading makes no row
    for method in ("PUT", "DELETE"):
        assert ana.call(method, place, {"settings": {}}).status_code == 409
    assert ana.post(f"{place}/code").status_code == 409
    assert ana.post(f"{place}/enable").json() == account
    off = ana.post(f"{place}/disable", {"reason": "on holiday"}).json()
    assert (off["disabled"], off["disabled_reason"]) == (True, "on holiday")
    assert ana.get("/destinations").json()["items"] == [off]
    assert ana.post(f"{place}/enable").json() == off | {"disabled": False, "disabled_reason": ""}


def test_the_first_reason_to_disable_one_stays(ana, hook) -> None:
    by_hand = ana.post(f"/destinations/{hook}/disable").json()["disabled_reason"]
    assert by_hand
    assert ana.post(f"/destinations/{hook}/disable", {"reason": "again"}).json()["disabled_reason"] == by_hand


def test_one_whose_channel_is_gone_is_still_shown_and_removed(ana, hook) -> None:
    Destination.objects.update(channel="pigeon")
    assert ana.get("/destinations").json()["items"][1]["channel"] == "pigeon"
    assert ana.post(f"/destinations/{hook}/test").json()["errors"][0]["field"] == "channel"
    assert ana.call("DELETE", f"/destinations/{hook}").status_code == 204


def test_a_longer_list_takes_no_more_statements(ana) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ana.get("/destinations").status_code == 200
        return len(seen)

    ana.post("/destinations", DESK)
    few = statements()
    for number in range(5):
        ana.post("/destinations", {"channel": "memory", "settings": {"name": str(number)}})
    assert statements() == few
