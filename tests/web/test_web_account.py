"""Signing in and out of the standalone server."""

from __future__ import annotations

import pytest
from django.test import Client

from tocsin.web.policy import policy

LOGIN = "/account/login/"
LOGOUT = "/account/logout/"


@pytest.fixture(autouse=True)
def standalone(settings):
    settings.ROOT_URLCONF = "tocsin.server.urls"
    settings.LOGIN_URL = "tocsin-account:login"
    settings.LOGIN_REDIRECT_URL = settings.LOGOUT_REDIRECT_URL = "/"


@pytest.fixture
def ana(django_user_model, db):
    return django_user_model.objects.create_user("ana", password="a good password")


def sign_in(client, **fields):
    return client.post(LOGIN, {"username": "ana", "password": "a good password", **fields})


def test_a_stranger_is_led_to_the_door_and_then_to_where_they_wanted(client, ana):
    door = client.get("/events/")["Location"]
    assert door == LOGIN + "?next=/events/"
    page = client.get(door)
    assert 'name="next" value="/events/"' in page.content.decode()
    assert sign_in(client, next="/events/")["Location"] == "/events/"


def test_the_door_has_the_strict_policy_and_is_not_cached(client, db):
    page = client.get(LOGIN)
    assert page["Content-Security-Policy"] == policy()
    assert "no-store" in page["Cache-Control"]


def test_a_wrong_password_is_said_and_does_not_sign_in(client, ana):
    answer = sign_in(client, password="no")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert client.get("/inbox/").status_code == 302


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_door_leads_to_no_other_site(client, ana, target):
    assert sign_in(client, next=target)["Location"] == "/"


def test_signing_in_and_out_needs_a_csrf_token(ana):
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403
    client.force_login(ana)
    assert client.post(LOGOUT).status_code == 403


def test_signing_out_is_a_button_and_not_a_link(client, ana):
    client.force_login(ana)
    assert f'<form method="post" action="{LOGOUT}">' in client.get("/inbox/").content.decode()
    assert client.get(LOGOUT).status_code == 405
    assert client.post(LOGOUT)["Location"] == "/"
    assert client.get("/inbox/").status_code == 302


def test_whoever_is_in_is_not_asked_again(client, ana):
    client.force_login(ana)
    assert client.get(LOGIN)["Location"] == "/"
