"""What goes wrong outside the request: each gets an answer, and none a traceback."""

from __future__ import annotations

import sqlite3

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DataError, InterfaceError, OperationalError

from tests.api.conftest import DRILL, Caller
from tocsin import pipeline
from tocsin.api import answers

pytestmark = pytest.mark.django_db


def database_error(cause: Exception | None = None) -> OperationalError:
    error = OperationalError("secret host name")
    error.__cause__ = cause
    return error


def full_sqlite() -> Exception:
    cause = sqlite3.OperationalError("database or disk is full")
    cause.sqlite_errorname = "SQLITE_FULL"
    return cause


class FullPostgres(Exception):
    sqlstate = "53100"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (database_error(), 503),
        (InterfaceError("connection already closed"), 503),
        (database_error(full_sqlite()), 507),
        (database_error(FullPostgres()), 507),
        (DataError("secret value"), 422),
        (PermissionDenied("x"), 403),
        (RuntimeError("secret bug"), 500),
        (RecursionError("secret bug"), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_answer(acme, monkeypatch, error, status) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pipeline, "accept_request", fail)
    response = acme.post("/events", DRILL)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert b"secret" not in response.content
    assert b"Traceback" not in response.content
    assert ("Retry-After" in response) == (status in (503, 507))


def test_a_database_that_is_away_while_the_token_is_read_is_503(acme, monkeypatch) -> None:
    def fail(*_):
        raise database_error()

    monkeypatch.setattr("tocsin.tenants.tokens.authenticate", fail)
    assert acme.get("/deliveries").status_code == 503


def test_a_bug_is_logged(acme, monkeypatch, caplog) -> None:
    monkeypatch.setattr(pipeline, "accept_request", lambda _: 1 / 0)
    assert acme.post("/events", DRILL).status_code == 500
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", ["/", "/event", "/events/", "/events/x/y/z", "/deliveries/d1/", "/%00"])
def test_a_path_that_is_no_route_is_404(acme, path) -> None:
    for response in (acme.get(path), acme.post(path, DRILL), Caller().get(path)):
        assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_wrong_method_is_405(acme) -> None:
    response = acme.call("DELETE", "/events")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response["Content-Type"] == "application/problem+json"


def test_no_answer_is_kept_or_guessed_at(acme) -> None:
    for response in (acme.get("/deliveries"), acme.get("/deliveries/d1"), acme.post("/events", DRILL)):
        assert response["Cache-Control"] == "no-store"
        assert response["X-Content-Type-Options"] == "nosniff"


def test_every_status_has_a_kind() -> None:
    for status in answers.KINDS:
        assert answers.problem(status, "x").status == status
