"""What the standalone server says where no page is: in its own frame to people, as problems to programs."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from tocsin.web import inbox


@pytest.fixture(autouse=True)
def standalone(settings, db):
    settings.ROOT_URLCONF = "tocsin.server.urls"
    settings.CSRF_FAILURE_VIEW = "tocsin.server.errors.stale"
    settings.LOGIN_URL = "tocsin-account:login"


@pytest.fixture
def reader(django_user_model):
    return django_user_model.objects.create_user("ana")


def test_a_page_that_is_not_there_is_missing_in_our_frame(client):
    answer = client.get("/nothing/<b>/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert "<b>" not in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_a_program_gets_a_problem(client):
    answer = client.get("/api/v1/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(("path", "kind"), [("/", "text/html"), ("/api/v1/x", "application/problem+json")])
def test_a_bug_is_told_without_the_database(client, settings, monkeypatch, path, kind):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", fail)
    client.raise_request_exception = False
    answer = client.get(path)
    assert answer.status_code == 500
    assert answer["Content-Type"].startswith(kind)
    assert "secret" not in answer.content.decode()


def test_a_form_from_another_session_says_what_to_do(reader):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reader)
    answer = client.post("/inbox/change/", {"action": "read-all"})
    assert answer.status_code == 403
    assert "put back what you had typed" in html.unescape(answer.content.decode())


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/rules/add/?organization=3", "/rules/add/%3Forganization%3D3"),
        ("http://testserver/inbox/", "/inbox/"),
        ("https://evil.example/rules/", "/"),
        ("", "/"),
    ],
)
def test_who_signs_in_again_comes_back_to_the_page_that_the_form_was_on(client, referer, back):
    answer = client.post(
        "/inbox/change/", {"action": "read-all"}, headers={"Referer": referer} if referer else {}
    )
    assert answer["Location"] == f"/account/login/?next={back}"
    assert inbox.change.access == "reader"
