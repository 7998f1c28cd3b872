"""The inbox from pages of other origins: with a token, and where the settings name the origin (CORS)."""

from __future__ import annotations

from datetime import timedelta

import pytest

import tocsin
from tests.api.conftest import Caller
from tocsin import clock
from tocsin.testing import deliver_now, frozen

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example.org"


@pytest.fixture
def user(django_user_model):
    return django_user_model.objects.create_user("ana", "", "first")


@pytest.fixture
def ana(user, settings):
    settings.TOCSIN = {**settings.TOCSIN, "INBOX_ORIGINS": [SHOP, "http://localhost:3000"]}
    return Caller(tocsin.inbox_token(user))


def shared_with(response) -> tuple[str | None, bool]:
    """The origin that may read it, and whether caches are told that this is so."""
    assert "Access-Control-Allow-Credentials" not in response
    return response.get("Access-Control-Allow-Origin"), "Origin" in response.get("Vary", "")


def preflight(path: str, origin: str, method: str = "POST"):
    return Caller().call("OPTIONS", path, Origin=origin, Access_Control_Request_Method=method)


def test_the_bearer_reads_and_changes_that_inbox(ana, user) -> None:
    tocsin.notify("message:system", title="Hello", to=[f"user:{user.pk}"], channel="message")
    deliver_now()
    [item] = ana.get("/inbox").json()["items"]
    assert ana.get("/inbox/count").json()["unread"] == 1
    assert ana.post("/inbox/seen", {"ids": [item["id"]]}).json() == {"changed": 1}
    assert ana.post(f"/inbox/{item['id']}/read").json() == {"changed": 1}
    later = (clock.now() + timedelta(hours=1)).isoformat()
    assert ana.post(f"/inbox/{item['id']}/snooze", {"until": later}).json() == {"changed": 1}
    assert ana.post(f"/inbox/{item['id']}/dismiss").json() == {"changed": 1}
    assert ana.get("/inbox/stream").status_code == 204


def test_anothers_inbox_stays_shut(ana, signed_in) -> None:
    ben = signed_in("ben", "acme")
    tocsin.notify("message:system", title="For Ben", to=["user:ben"], channel="message")
    deliver_now()
    [his] = ben.get("/inbox").json()["items"]
    assert ana.get("/inbox").json()["items"] == []
    assert ana.post(f"/inbox/{his['id']}/read").status_code == 404


def test_the_token_counts_whoever_is_signed_in(ana, signed_in) -> None:
    ben = signed_in("ben", "acme")
    ben.token = ana.token
    tocsin.notify("message:system", title="For Ben", to=["user:ben"], channel="message")
    deliver_now()
    assert ben.get("/inbox").json()["items"] == []


@pytest.mark.parametrize("name", ["token", "x"])
def test_it_does_not_belong_in_an_address(ana, name) -> None:
    assert Caller().get(f"/inbox/stream?{name}={ana.token}").status_code == 401


def test_an_expired_one_is_401_and_the_page_may_read_that(ana) -> None:
    with frozen(clock.now() + timedelta(hours=13)):
        response = ana.get("/inbox/count", Origin=SHOP)
    assert response.status_code == 401
    assert shared_with(response) == (SHOP, True)


def test_a_listed_origin_may_ask(ana) -> None:
    response = preflight("/inbox/i1/read", SHOP)
    assert (response.status_code, response.content) == (204, b"")
    assert shared_with(response) == (SHOP, True)
    assert {"authorization", "content-type"} <= set(
        response["Access-Control-Allow-Headers"].lower().split(", ")
    )
    for path in ("/inbox", "/inbox/count", "/inbox/stream"):
        assert shared_with(ana.get(path, Origin=SHOP)) == (SHOP, True)
    assert "ETag" in ana.get("/inbox/count", Origin=SHOP)["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "https://shop.example.org.evil.org", "null", "*", ""]
)
def test_no_other_origin_may(ana, origin) -> None:
    assert shared_with(preflight("/inbox/count", origin, "GET"))[0] is None
    assert shared_with(ana.get("/inbox/count", Origin=origin)) == (None, True)


@pytest.mark.parametrize("path", ["/events", "/preferences", "/channels", "/openapi.json", "/nothing"])
def test_no_other_route_is_shared(ana, path) -> None:
    assert shared_with(preflight(path, SHOP, "GET"))[0] is None
    assert shared_with(ana.get(path, Origin=SHOP))[0] is None


def test_without_the_setting_nothing_is_shared(user) -> None:
    response = Caller(tocsin.inbox_token(user)).get("/inbox/count", Origin=SHOP)
    assert (response.status_code, shared_with(response)[0]) == (200, None)
    assert preflight("/inbox/count", SHOP).status_code == 405
