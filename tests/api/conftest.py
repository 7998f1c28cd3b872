"""Two organizations, their tokens and people, and clients that speak for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tocsin.tenants import tokens
from tocsin.tenants.models import Membership, Organization, Role
from tocsin.tenants.tokens import create_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

PREFIX = "/tocsin/api/v1"
DRILL = {"type": "drill", "title": "Fire drill"}


@dataclass
class Caller:
    """Someone with a token (or with none) who calls the API."""

    token: str = ""
    client: Client | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`body` is sent as it is if it is bytes, else as JSON. Header names with underscores for dashes."""
        client = self.client or Client(raise_request_exception=False)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        given.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return client.generic(method, PREFIX + path, data, given["Content-Type"], headers=given)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body, **headers)

    def send(self, **fields: Any) -> str:
        """Send an event; its id."""
        response = self.post("/events", {**DRILL, **fields})
        assert response.status_code == 202, response.content
        return response.json()["events"][0]["id"]


@pytest.fixture(autouse=True)
def _no_remembered_tokens() -> None:
    tokens._cache.clear()


def organization_of(slug: str) -> Organization:
    return Organization.objects.get_or_create(slug=slug, defaults={"name": slug.title()})[0]


def bearer_of(slug: str = "acme", *scopes: str, operator: bool = False) -> Caller:
    """A caller with a token of an organization; with all scopes unless told."""
    _, plain = create_token("test", organization_of(slug), scopes=scopes or ["admin"], operator=operator)
    return Caller(plain)


def signed_in_as(
    name: str, slug: str = "acme", role: str = Role.MEMBER, *, csrf: bool = False, **fields: Any
) -> Caller:
    """A caller with a session, who is a member of an organization in a role."""
    user, made = get_user_model().objects.get_or_create(username=name, defaults=fields)
    if made and slug:
        Membership.objects.create(organization=organization_of(slug), user=user, role=role)
    client = Client(enforce_csrf_checks=csrf, raise_request_exception=False)
    client.force_login(user)
    return Caller(client=client)


@pytest.fixture
def organization(db: None) -> Callable[[str], Organization]:
    return organization_of


@pytest.fixture
def bearer(db: None) -> Callable[..., Caller]:
    return bearer_of


@pytest.fixture
def acme(db: None) -> Caller:
    return bearer_of("acme")


@pytest.fixture
def rival(db: None) -> Caller:
    """Another organization."""
    return bearer_of("rival")


@pytest.fixture
def signed_in(db: None) -> Callable[..., Caller]:
    return signed_in_as
