"""Events over HTTP: sent alone and in lists, read, explained and cancelled."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.http import HttpRequest

from tests.api.conftest import DRILL, Caller
from tocsin.api.answers import Refusal
from tocsin.api.limits import max_request_bytes, read_capped
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.tenants.models import Role
from tocsin.tenants.tokens import create_token
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db


def errors_of(response, status=422) -> list[tuple[str, str]]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["type"].startswith("urn:tocsin:")
    assert all(error["message"] for error in problem.get("errors", []))
    return [(error["pointer"], error["field"]) for error in problem.get("errors", [])]


def test_one_event_is_accepted(acme) -> None:
    response = acme.post("/events", DRILL)
    assert response.status_code == 202
    [accepted] = response.json()["events"]
    assert accepted["created"] is True
    event = Event.objects.get(pk=accepted["id"])
    assert (event.title, event.organization.slug) == ("Fire drill", "acme")


def test_a_list_is_answered_in_its_order(acme) -> None:
    response = acme.post("/events", [{**DRILL, "title": f"Drill {n}"} for n in range(1000)])
    ids = [one["id"] for one in response.json()["events"]]
    titles = dict(Event.objects.values_list("pk", "title"))
    assert [titles[key] for key in map(Event._meta.pk.to_python, ids)] == [f"Drill {n}" for n in range(1000)]


def test_a_list_is_all_or_nothing_and_every_fault_is_named(acme) -> None:
    given = [
        DRILL,
        {**DRILL, "level": "loud"},
        "no event",
        {**DRILL, "to": ["user:ana", "crowd:all"]},
        {"tpye": 1},
    ]
    found = errors_of(acme.post("/events", given))
    assert ("#/1/level", "level") in found
    assert ("#/2", "event") in found
    assert ("#/3/to/1", "to.1") in found
    assert ("#/4/tpye", "tpye") in found
    assert ("#/4/title", "title") in found
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "fire:dril"}, "#/type"),
        ({"level": "loud"}, "#/level"),
        ({"title": "a\nb"}, "#/title"),
        ({"title": ""}, "#/title"),
        ({"title": 7}, "#/title"),
        ({"body": "x" * 300_000}, "#/body"),
        ({"data": {"a": "x" * 300_000}}, "#/data"),
        ({"channel": "pigeon"}, "#/channel"),
        ({"to": "user:ana"}, "#/to"),
        ({"to": ["crowd:all"]}, "#/to/0"),
        ({"to": ["email:nobody"]}, "#/to/0"),
        ({"due_at": "2030-01-01T00:00:00"}, "#/due_at"),
        ({"due_at": "tomorrow"}, "#/due_at"),
        ({"actions": [{"label": "Go", "url": "javascript:alert(1)"}]}, "#/actions/0/url"),
        ({"url": "javascript:alert(1)"}, "#/url"),
        ({"still_valid": "no-such-check"}, "#/still_valid"),
        ({"status": "closed"}, "#/status"),
        ({"organization": "nowhere"}, "#/organization"),
        ({"organization": "rival"}, "#/organization"),
        ({"project": "nowhere"}, "#/project"),
        ({"sound": "bell"}, "#/sound"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_field_is_named_with_its_remedy(acme, rival, change, pointer) -> None:
    response = acme.post("/events", {**DRILL, **change})
    assert pointer in [found for found, _ in errors_of(response)]
    assert not Event.objects.exists()


def test_another_organization_is_like_one_that_is_missing(acme, rival) -> None:
    theirs = acme.post("/events", {**DRILL, "organization": "rival"}).content
    missing = acme.post("/events", {**DRILL, "organization": "lairv"}).content
    assert theirs == missing.replace(b"lairv", b"rival")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a":NaN}', b'{"title":"a","title":"b"}', b"[" * 100_000, b'"\xff"']
)
def test_what_is_no_json_is_400(acme, body) -> None:
    assert errors_of(acme.post("/events", body), 400) == []


@pytest.mark.parametrize("body", [b"7", b'"x"', b"null", b"[]", b"true"])
def test_json_that_is_no_event_is_422(acme, body) -> None:
    assert errors_of(acme.post("/events", body)) == [("#", "event")]


def test_more_than_a_thousand_are_refused(acme) -> None:
    assert errors_of(acme.post("/events", [DRILL] * 1001)) == [("#", "event")]


def test_nul_and_lone_surrogates_are_422_wherever_they_are(acme) -> None:
    body = b'[{"type":"drill","title":"a"},{"type":"drill","title":"\\u0000","data":{"k":"\\ud800"}}]'
    assert errors_of(acme.post("/events", body)) == [("#/1/title", "title"), ("#/1/data/k", "data.k")]


def test_too_large_a_body_is_413(acme) -> None:
    assert errors_of(acme.post("/events", b" " * (max_request_bytes() + 1)), 413) == []
    assert errors_of(acme.post("/events", b"{" + b" " * (max_request_bytes() - 1)), 400) == []


def test_a_body_that_is_announced_too_large_is_not_read(acme, monkeypatch) -> None:
    monkeypatch.setattr(HttpRequest, "read", lambda *_: pytest.fail("it was read"))
    assert errors_of(acme.post("/events", DRILL, Content_Length="99999999999999999999"), 413) == []
    assert errors_of(acme.post("/events", DRILL, Content_Length="1e9"), 400) == []


def test_a_body_of_unknown_length_is_read_no_further_than_it_may_be() -> None:
    body = BytesIO(b" " * 3 * max_request_bytes())
    with pytest.raises(Refusal) as caught:
        read_capped(body)
    assert caught.value.status == 413
    assert body.tell() == max_request_bytes() + 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "",
                                  "application/json; charset=latin-1", "application/jsonp"])  # fmt: skip
def test_another_content_type_is_415(acme, kind) -> None:
    assert errors_of(acme.post("/events", DRILL, Content_Type=kind), 415) == []


def test_a_compressed_body_is_415(acme) -> None:
    assert errors_of(acme.post("/events", DRILL, Content_Encoding="gzip"), 415) == []


def test_the_same_key_gives_the_same_event_and_another_content_a_conflict(acme) -> None:
    first = acme.post("/events", {**DRILL, "dedupe_key": "k"}).json()["events"][0]
    again = acme.post("/events", {**DRILL, "dedupe_key": "k"}).json()["events"][0]
    assert (first["id"], first["created"], again["created"]) == (again["id"], True, False)
    response = acme.post("/events", {**DRILL, "title": "Other", "dedupe_key": "k"})
    errors_of(response, 409)
    assert response.json()["type"] == "urn:tocsin:dedupe-conflict"
    assert Event.objects.count() == 1


def test_the_header_is_the_key_of_the_whole_request(acme) -> None:
    assert acme.post("/events", [DRILL, DRILL], Idempotency_Key="job-1").status_code == 202
    assert sorted(Event.objects.values_list("dedupe_key", flat=True)) == ["job-1#0", "job-1#1"]
    again = acme.post("/events", [DRILL, DRILL], Idempotency_Key="job-1").json()["events"]
    assert [one["created"] for one in again] == [False, False]
    acme.post("/events", DRILL, Idempotency_Key="job-2")
    assert Event.objects.filter(dedupe_key="job-2").count() == 1


def test_a_key_of_another_organization_is_no_conflict(acme, rival) -> None:
    assert acme.send(dedupe_key="k") != rival.send(dedupe_key="k", title="Other")


@pytest.mark.parametrize("key", ["", "k" * 191, "käy", "a\tb"])
def test_a_header_that_cannot_be_a_key_is_422(acme, key) -> None:
    assert errors_of(acme.post("/events", DRILL, Idempotency_Key=key)) == [("", "Idempotency-Key")]


def test_header_and_field_must_not_differ(acme) -> None:
    response = acme.post("/events", [{**DRILL, "dedupe_key": "a"}], Idempotency_Key="b")
    assert errors_of(response) == [("#/0/dedupe_key", "dedupe_key")]


def test_bare_addresses_need_a_scope_of_their_own(bearer) -> None:
    narrow = bearer("acme", "events:write")
    body = {**DRILL, "to": ["user:ana", "email:ops@example.com"]}
    assert errors_of(narrow.post("/events", body), 403) == []
    assert not Event.objects.exists()
    assert narrow.post("/events", {**DRILL, "to": ["user:ana"]}).status_code == 202
    assert bearer("acme", "events:write", "events:address").post("/events", body).status_code == 202


def test_an_event_is_read_as_it_was_sent(acme) -> None:
    sent = {**DRILL, "body": "**Out**", "data": {"floor": 3}, "to": ["group:all"], "url": "/drills/1",
            "actions": [{"label": "Done", "url": "/drills/1/done"}], "about": "drill/1", "level": "warnings",
            "due_at": "2030-01-01T08:00:00+01:00", "dedupe_key": "d1", "actor": "user:7"}  # fmt: skip
    found = acme.get(f"/events/{acme.send(**sent)}").json()
    same = ("type", "title", "body", "data", "to", "url", "actions", "about", "dedupe_key", "actor")
    assert {name: found[name] for name in same} == {name: sent[name] for name in same}
    assert (found["level"], found["organization"], found["state"]) == ("warning", "acme", "waiting")
    assert found["due_at"] == "2030-01-01T07:00:00+00:00"
    assert found["project"] is None


def test_an_event_is_explained(acme, signed_in) -> None:
    signed_in("ana", "acme")
    event = acme.send(to=["user:ana"])
    deliver_now()
    found = acme.get(f"/events/{event}/explain").json()
    assert found["event"] == event
    assert found["counts"] == [{"channel": "message", "state": "sent", "reason": "", "number": 1}]
    hers = acme.get(f"/events/{event}/explain?user=ana").json()
    assert any("message" in sentence for sentence in hers["explanation"])


def test_people_of_others_do_not_exist_for_explain(acme, signed_in, django_user_model) -> None:
    signed_in("ana", "acme")
    signed_in("eve", "rival")
    event = acme.send(to=["user:ana"])
    assert acme.get(f"/events/{event}/explain?user=ana").status_code == 200
    theirs = acme.get(f"/events/{event}/explain?user=eve")
    missing = acme.get(f"/events/{event}/explain?user=nobody")
    assert (theirs.status_code, theirs.content) == (404, missing.content)


def test_a_cancelled_event_is_never_sent(acme, signed_in) -> None:
    signed_in("ana", "acme")
    event = acme.send(to=["user:ana"])
    assert acme.post(f"/events/{event}/cancel").json() == {"cancelled": 1}
    assert acme.post(f"/events/{event}/cancel").json() == {"cancelled": 0}
    deliver_now()
    assert acme.get(f"/events/{event}").json()["state"] == "cancelled"
    assert not Delivery.objects.exclude(state="cancelled").exists()


@pytest.fixture
def waiting(acme, organization):
    """The id of an event that names more people than its token may."""
    _, plain = create_token("small", organization("acme"), max_recipients=0)
    event = Caller(plain).send(to=["memory:ops"])
    deliver_now()
    return event


def test_an_event_over_the_limit_of_its_token_waits(acme, waiting) -> None:
    found = acme.get(f"/events/{waiting}").json()
    assert (found["state"], found["max_recipients"]) == ("awaiting_confirmation", 0)
    assert "more than 0 people" in found["sentence"]
    assert "more than 0 people" in acme.get(f"/events/{waiting}/explain").json()["explanation"][0]


def test_who_may_confirm_it(acme, rival, waiting, organization, signed_in) -> None:
    path = f"/events/{waiting}/confirm"
    _, limited = create_token("limited", organization("acme"), scopes=["admin"], max_recipients=10)
    _, writing = create_token("writing", organization("acme"), scopes=["events:write"])
    for caller in (Caller(writing), Caller(limited), signed_in("ben", "acme", Role.MEMBER)):
        assert caller.post(path).status_code == 403
    assert rival.post(path).status_code == 404
    found = signed_in("ana", "acme", Role.MANAGER).post(path).json()
    assert (found["state"], found["confirmed_by"].partition(" ")[0]) == ("waiting", "user")
    deliver_now()
    assert acme.get(f"/events/{waiting}").json()["state"] == "planned"
    again = acme.post(path)
    assert again.status_code == 409
    assert "waits for no confirmation" in again.json()["detail"]
