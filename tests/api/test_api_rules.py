"""Rules over HTTP: two organizations and their people, and neither sees the other's."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.recipients.destinations import add_destination
from tocsin.rules.models import Rule, RuleKey, RuleVersion
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Project, Role, Team

pytestmark = pytest.mark.django_db

RULE = {"name": "Disks", "event_types": ["drill"], "to": ["role:admin"], "channels": ["memory"]}
OURS = {**RULE, "owner": "org:acme"}
DEEP: Any = {"field": "data.a", "op": "is", "value": 1}
for _ in range(15):
    DEEP = {"not": DEEP}


@pytest.fixture
def boss(signed_in):
    return signed_in("boss", "acme", Role.ADMIN)


@pytest.fixture
def manager(signed_in):
    return signed_in("ana", "acme", Role.MANAGER)


@pytest.fixture
def places(organization, django_user_model, boss) -> dict[str, Any]:
    """In both organizations: a project, a team and a destination."""
    made = {}
    for slug in ("acme", "rival"):
        owner = organization(slug)
        Project.objects.create(organization=owner, slug=f"{slug}-web")
        Team.objects.create(organization=owner, slug=f"{slug}-ops")
        made[slug] = str(add_destination(owner, "memory", {"name": slug}).pk)
    add_destination(django_user_model.objects.get(username="boss"), "memory", {"name": "boss"})
    return made


def make(caller, **more) -> dict[str, Any]:
    response = caller.post("/rules", {**OURS, **more})
    assert response.status_code == 201, response.content
    return response.json()


def counts() -> list[int]:
    return [model.objects.count() for model in (Rule, RuleVersion, RuleKey, AuditEntry)]


def pointers(response) -> list[str]:
    assert response.status_code == 422, response.content
    return sorted(error["pointer"] for error in response.json()["errors"])


def test_a_rule_is_made_read_changed_and_deleted(acme, places) -> None:
    made = make(acme, projects=["acme-web"], level="errors")
    assert made["level"] == "error"
    assert (made["owner"], made["organization"], made["version"]) == ("org:acme", "acme", 1)
    assert made["projects"] == ["acme-web"]
    path = f"/rules/{made['id']}"
    changed = acme.call("PUT", path, {**RULE, "name": "Drives"}).json()
    assert (changed["name"], changed["version"], changed["projects"]) == ("Drives", 2, [])
    assert acme.get(path).json()["name"] == "Drives"
    assert acme.call("DELETE", path).status_code == 204
    assert acme.get(path).status_code == 404
    assert acme.post(f"{path}/undo").json()["name"] == "Drives"
    assert [one["action"] for one in acme.get(f"{path}/history").json()["items"]] == [
        "undo",
        "delete",
        "change",
        "create",
    ]


def test_where_it_is_is_said(acme, places) -> None:
    response = acme.post("/rules", OURS)
    assert acme.get(response["Location"].removeprefix("/tocsin/api/v1")).json()["name"] == "Disks"


def test_what_is_doubtful_is_said_and_saved(acme, organization) -> None:
    made = make(acme, to=["role:owner"])
    assert [one["code"] for one in made["warnings"]] == ["empty_audience", "empty_audience"]
    assert made["note"] == ""


def test_lists_are_narrowed_and_paged(acme, manager, places) -> None:
    ids = [
        make(acme, name=f"r{number}", event_types=[kind])["id"]
        for number, kind in enumerate(["drill", "*", "task:*"])
    ]
    first = acme.get("/rules?limit=2").json()
    assert [one["id"] for one in first["items"]] == ids[:0:-1]
    assert [one["id"] for one in acme.get(f"/rules?after={first['next']}").json()["items"]] == ids[:1]
    assert [one["id"] for one in acme.get("/rules?event_type=drill").json()["items"]] == [ids[1], ids[0]]
    assert acme.get("/rules?event_type=nothing").status_code == 422
    assert acme.get("/rules?after=x").status_code == 422
    assert acme.get("/rules?owner=org:rival").status_code == 422
    own = manager.post("/rules", {"name": "mine", "event_types": ["drill"]}).json()
    assert [one["id"] for one in manager.get("/rules?owner=user:ana").json()["items"]] == [own["id"]]


def test_a_person_keeps_their_own_rule_where_they_may_read_events(manager, signed_in, organization) -> None:
    made = manager.post("/rules", {"name": "mine", "event_types": ["drill"], "channels": ["memory"]}).json()
    assert (made["owner"], made["organization"]) == ("user:ana", "acme")
    member = signed_in("ben", "acme", Role.MEMBER)
    assert pointers(member.post("/rules", {"name": "mine", "event_types": ["drill"]})) == ["#/organization"]
    assert member.get(f"/rules/{made['id']}").status_code == 404
    for slug in ("rival", "missing"):
        given = {"name": "mine", "event_types": ["drill"], "organization": slug}
        assert pointers(manager.post("/rules", given)) == ["#/organization"]
    assert pointers(manager.post("/rules", {**RULE, "name": "to others"})) == ["#/to"]


def test_a_member_keeps_no_rules_of_the_organization(signed_in, organization) -> None:
    member = signed_in("ben", "acme", Role.MEMBER)
    assert pointers(member.post("/rules", OURS)) == ["#/owner"]
    assert member.get("/rules").json()["items"] == []


def test_what_is_stale_is_not_written_over(acme, boss, places) -> None:
    made = make(acme)
    path = f"/rules/{made['id']}"
    assert boss.call("PUT", path, {**RULE, "version": 1, "level": "error"}).status_code == 200
    stale = acme.call("PUT", path, {**RULE, "version": 1, "name": "other"})
    assert stale.status_code == 409
    assert "changed by user" in stale.json()["detail"]
    assert acme.get(path).json()["name"] == "Disks"
    assert pointers(acme.call("PUT", path, {**RULE, "version": "1"})) == ["#/version"]


def test_two_of_one_name_are_refused(acme, rival, places) -> None:
    make(acme)
    assert pointers(acme.post("/rules", OURS)) == ["#/name"]
    assert rival.post("/rules", {**OURS, "owner": "org:rival"}).status_code == 201


def test_switching_keeps_all_else(acme, places) -> None:
    path = f"/rules/{make(acme)['id']}"
    assert acme.post(f"{path}/disable").json()["active"] is False
    assert acme.post(f"{path}/disable").json()["version"] == 2
    assert acme.post(f"{path}/enable").json()["active"] is True


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"projects": ["rival-web"]}, ["#/projects/0"]),
        ({"destinations": ["{rival}"], "to": [], "channels": []}, ["#/destinations/0"]),
        (
            {"destinations": [{"channel": "memory", "label": "rival"}], "to": [], "channels": []},
            ["#/destinations/0"],
        ),
        ({"to": ["team:rival/rival-ops", "user:ana", "org:rival"]}, ["#/to/0", "#/to/2"]),
        ({"owner": "org:rival"}, ["#/owner"]),
        (
            {
                "service": "memory",
                "target": "destination",
                "target_identifier": "{rival}",
                "to": [],
                "channels": [],
            },
            ["#/target_identifier"],
        ),
        (
            {
                "service": "memory",
                "target": "team",
                "target_identifier": "rival-ops",
                "to": [],
                "channels": [],
            },
            ["#/target_identifier"],
        ),
    ],
)
def test_what_is_anothers_is_refused_like_what_is_missing(acme, places, more, where) -> None:
    before = counts()
    theirs = acme.post("/rules", filled({**OURS, **more}, places["rival"]))
    missing = acme.post("/rules", filled({**OURS, **more}, "987654321", "nowhere"))
    assert pointers(theirs) == pointers(missing) == where
    assert counts() == before


def filled(value: Any, number: str, slug: str = "rival") -> Any:
    if isinstance(value, dict):
        return {key: filled(one, number, slug) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, number, slug) for one in value]
    return value.replace("{rival}", number).replace("rival", slug) if isinstance(value, str) else value


LEAF = {"field": "data.a", "op": "is", "value": 1}


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"condition": DEEP}, ["#/condition/not/not/not/not/not"]),
        ({"condition": {"all": [LEAF] * 10_000}}, ["#/condition/all"]),
        ({"condition": {"all": [LEAF, {**LEAF, "op": "gte", "value": [1]}]}}, ["#/condition/all/1/value"]),
        ({"condition": {"all": [{**LEAF, "op": "matches"}]}}, ["#/condition/all/0/op"]),
        ({"level": "loud"}, ["#/level"]),
        ({"level": 30}, ["#/level"]),
        ({"event_types": ["drill", "nothing", "a*"]}, ["#/event_types/1", "#/event_types/2"]),
        (
            {"hours": {"open": [{"days": ["mon"], "from": "8", "to": "9"}]}},
            ["#/hours/open/0/from", "#/hours/open/0/to"],
        ),
        ({"active": "yes", "position": 1.5}, ["#/active", "#/position"]),
        ({"to": [], "channels": []}, ["#/to"]),
        ({"nmae": "x"}, ["#/nmae"]),
        ({"name": None}, ["#/name"]),
        ({"name": "\ud800"}, None),
        ({"service": "memory", "to": [], "channels": []}, ["#/target"]),
        ({"service": "memory", "target": "user", "target_identifier": "x"}, ["#/channels", "#/to"]),
    ],
)
def test_bad_input_is_refused_with_its_place_and_nothing_is_saved(acme, places, more, where) -> None:
    before = counts()
    response = acme.post("/rules", {**OURS, **more})
    if where is None:
        assert response.status_code in (400, 422)
    else:
        assert pointers(response) == where
    assert counts() == before


def test_nesting_without_end_is_unparsable(acme) -> None:
    body = b'{"condition": ' + b'{"not": ' * 50 + b"null" + b"}" * 51
    assert acme.post("/rules", body).status_code == 400


def test_a_destination_that_a_rule_tells_is_not_deleted_in_silence(acme, places, organization) -> None:
    other = str(add_destination(organization("acme"), "memory", {"name": "b"}).pk)
    both = make(acme, name="both", to=[], channels=[], destinations=[places["acme"], other])
    only = make(acme, name="only", to=[], channels=[], destinations=[places["acme"]])
    wired = make(
        acme,
        name="wired",
        to=[],
        channels=[],
        service="memory",
        target="destination",
        target_identifier=places["acme"],
    )
    refused = acme.call("DELETE", f"/destinations/{places['acme']}")
    assert refused.status_code == 409
    assert all(
        f"“{one['name']}” (rule:{one['id']})" in refused.json()["detail"] for one in (both, only, wired)
    )
    assert acme.call("DELETE", f"/destinations/{places['acme']}?force=true").status_code == 204
    found = {one["name"]: one for one in acme.get("/rules").json()["items"]}
    assert (found["both"]["destinations"], found["both"]["active"]) == ([other], True)
    assert (found["only"]["active"], found["wired"]["active"]) == (False, False)
    assert "removing destination" in acme.get(f"/rules/{only['id']}/history").json()["items"][0]["by"]


def test_who_changed_what_is_on_record(acme, rival, manager, places) -> None:
    make(acme)
    entry, *_tokens_of_the_fixture = acme.get("/audit").json()["items"]
    assert (entry["action"], entry["organization"], entry["after"]["name"]) == (
        "rule.create",
        "acme",
        "Disks",
    )
    assert acme.get(f"/audit?subject={entry['subject']}").json()["items"] == [entry]
    assert acme.get("/audit?subject=rule:0").json()["items"] == []
    assert {one["organization"] for one in rival.get("/audit").json()["items"]} == {"rival"}
    assert manager.get("/audit").status_code == 403


EVENT = {"type": "drill", "title": "x"}


def test_a_rule_is_tried_before_it_is_saved(acme, places) -> None:
    made = make(acme)
    before = counts()
    found = acme.post(
        "/rules/simulate", {"event": EVENT, "rule": {**RULE, "to": ["memory:ops"]}, "replaces": made["id"]}
    ).json()
    assert [(one["address"], one["layer"]) for one in found["told"]] == [("ops", "rule:draft")]
    assert [one["name"] for one in found["removed"]] == ["boss"]
    assert [one["address"] for one in found["added"]] == ["ops"]
    assert found["rules"][0]["matched"] is True
    assert counts() == before
    gone = acme.post(
        "/rules/simulate", {"event": EVENT, "replaces": made["id"], "at": "2030-01-01T00:00:00Z"}
    ).json()
    assert (gone["told"], len(gone["removed"])) == ([], 1)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["#/event"]),
        ({"event": {"type": "nothing", "title": ""}}, ["#/event/title", "#/event/type"]),
        ({"event": EVENT, "at": "2030-01-01T00:00:00"}, ["#/at"]),
        (
            {"event": EVENT, "rule": {**RULE, "condition": {"all": [{**LEAF, "op": "gte", "value": []}]}}},
            ["#/rule/condition/all/0/value"],
        ),
        ({"event": EVENT, "rule": []}, ["#/rule"]),
        ({"event": EVENT, "replaces": "987654321"}, ["#/replaces"]),
        ({"event": {**EVENT, "organization": "rival"}}, ["#/event/organization"]),
        ({"event": {**EVENT, "organization": "rival"}, "rule": RULE}, ["#/event/organization"]),
        ({"event": EVENT, "rulee": {}}, ["#/rulee"]),
    ],
)
def test_a_trial_that_cannot_be_says_where_it_is_wrong(acme, rival, places, body, where) -> None:
    assert pointers(acme.post("/rules/simulate", body)) == where
    theirs = make(rival, owner="org:rival")
    assert pointers(acme.post("/rules/simulate", {"event": EVENT, "replaces": theirs["id"]})) == [
        "#/replaces"
    ]


def test_one_rule_of_one_event_is_explained(acme, rival, places) -> None:
    made = make(acme, level="error")
    event = acme.send()
    said = acme.get(f"/events/{event}/explain?rule={made['id']}").json()["explanation"]
    assert said[-1].endswith("did not apply: It wants error at least; this is info.")
    theirs = make(rival, owner="org:rival")
    for number in (theirs["id"], "987654321"):
        assert acme.get(f"/events/{event}/explain?rule={number}").status_code == 404
    assert acme.get(f"/events/{event}/explain?rule=x").status_code == 422
