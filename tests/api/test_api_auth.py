"""Who is let in: tokens, sessions, CSRF and scopes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.api.conftest import DRILL, Caller
from tocsin.events.models import Event
from tocsin.tenants.models import ApiToken, Role

pytestmark = pytest.mark.django_db


def test_nobody_is_asked_to_sign_in() -> None:
    response = Caller().get("/deliveries")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="tocsin"'
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Bearer tcs_nope", "Bearer", "Basic YTpi", "tcs_nope", "Bearer a b"])
def test_a_wrong_header_is_401_and_a_session_does_not_save_it(signed_in, header) -> None:
    staff = signed_in("root", "", is_staff=True)
    assert staff.get("/deliveries").status_code == 200
    assert staff.get("/deliveries", Authorization=header).status_code == 401


def test_a_revoked_and_an_expired_token_are_401(acme) -> None:
    for field in ("revoked_at", "expires_at"):
        ApiToken.objects.update(revoked_at=None, expires_at=None)
        ApiToken.objects.update(**{field: datetime(2020, 1, 1, tzinfo=UTC)})
        assert acme.get("/deliveries").status_code == 401


@pytest.mark.parametrize("name", ["token", "access_token", "after", "x"])
def test_a_token_in_the_address_is_refused_even_with_a_good_header(acme, name) -> None:
    for caller in (Caller(), acme):
        assert caller.get(f"/deliveries?{name}={acme.token}").status_code == 401
        assert caller.post(f"/events?{name}={acme.token}", DRILL).status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path", "expected"),
    [
        ("events:read", "POST", "/events", 403),
        ("events:write", "GET", "/deliveries", 403),
        ("events:read", "GET", "/deliveries", 200),
        ("events:write", "POST", "/deliveries/d1/retry", 403),
        ("deliveries:write", "POST", "/deliveries/d1/retry", 404),
        ("inbox", "GET", "/channels", 200),
        ("inbox", "GET", "/inbox", 403),
        ("admin", "GET", "/deliveries", 200),
    ],
)
def test_a_token_may_what_its_scopes_say(bearer, scope, method, path, expected) -> None:
    response = bearer("acme", scope).call(method, path, DRILL if method == "POST" else None)
    assert response.status_code == expected


def test_an_operators_token_acts_for_any_organization(acme, bearer) -> None:
    operator = bearer("default", operator=True)
    event = operator.send(organization="acme")
    assert acme.get(f"/events/{event}").status_code == 200
    assert bearer("rival").get(f"/events/{event}").status_code == 404
    assert operator.post("/events", {**DRILL, "organization": "nowhere"}).status_code == 422


@pytest.mark.parametrize(
    ("role", "reads", "sends"),
    [(Role.OWNER, 200, 202), (Role.ADMIN, 200, 202), (Role.MANAGER, 200, 202), (Role.MEMBER, 403, 403)],
)
def test_a_session_acts_by_the_role(signed_in, role, reads, sends) -> None:
    person = signed_in("ana", "acme", role)
    assert person.get("/deliveries").status_code == reads
    assert person.post("/events", DRILL).status_code == sends
    assert set(Event.objects.values_list("organization__slug", flat=True)) <= {"acme"}
    assert person.get("/inbox").status_code == 200


def test_a_right_in_one_organization_is_none_in_another(signed_in, organization, django_user_model) -> None:
    person = signed_in("ana", "acme", Role.ADMIN)
    user = django_user_model.objects.get(username="ana")
    organization("rival").memberships.create(user=user, role=Role.MEMBER)
    rivals = signed_in("eve", "rival", Role.ADMIN).send()
    assert person.get(f"/events/{rivals}").status_code == 404
    assert person.post("/events", {**DRILL, "organization": "rival"}).status_code == 422


def test_a_session_needs_the_csrf_token_to_change_anything(signed_in) -> None:
    person = signed_in("ana", "acme", Role.ADMIN, csrf=True)
    for path in ("/events", "/inbox/read-all"):
        refused = person.post(path, DRILL)
        assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert not Event.objects.exists()
    secret = "a" * 32
    person.client.cookies["csrftoken"] = secret
    assert person.post("/events", DRILL, X_CSRFToken=secret).status_code == 202
    assert person.get("/inbox").status_code == 200


def test_a_token_needs_no_csrf_and_ignores_the_session(signed_in, bearer) -> None:
    person = signed_in("root", "", csrf=True, is_staff=True)
    person.token = bearer("acme", "events:write").token
    assert person.post("/events", DRILL).status_code == 202
    assert person.get("/deliveries").status_code == 403  # as staff it would be 200


def test_an_inactive_user_is_nobody(signed_in, django_user_model) -> None:
    person = signed_in("ana", "acme", Role.ADMIN)
    django_user_model.objects.update(is_active=False)
    assert person.get("/deliveries").status_code == 401
