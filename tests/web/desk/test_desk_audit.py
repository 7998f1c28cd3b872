"""The audit log at the desk: in words, filtered, page by page, and of this organization alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.rules.save import save
from tocsin.rules.spec import Place
from tocsin.tenants import members
from tocsin.tenants.audit import note
from tocsin.testing import frozen
from tocsin.web.changes import differences

HOSTILE = "<script>alert(1)</script>"


def html(answer) -> str:
    return answer.content.decode()


def test_an_empty_log_says_what_comes_into_it(desk, at):
    assert "Nothing was changed yet." in html(desk.get(at("audit")))


def test_a_change_is_told_in_words(desk, acme, ana, person, at):
    ben = person("ben", acme="member")
    members.set_role(acme, ben, "manager", f"user {ana.pk}")
    page = html(desk.get(at("audit")))
    assert "<strong>ana</strong> gave a role: ben" in page
    assert "member</td>" not in page
    assert "Member</td>" in page
    assert "Manager</td>" in page


def test_a_rule_is_named_and_linked(desk, acme, ana, at):
    given = {"name": "Alarms", "event_types": ["*"], "to": ["org:acme"]}
    rule = save(given, Place(acme.pk, None), f"user {ana.pk}")
    page = html(desk.get(at("audit")))
    assert f'<a href="{at("rules")}{rule.pk}/">Alarms</a>' in page
    assert "In use" in page
    assert "yes" in page


def test_one_person_one_action_one_thing_and_some_days_are_found(desk, acme, ana, person, at):
    ben = person("ben", acme="member")
    with frozen(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        members.make_team(acme, "ops", f"user {ana.pk}", "Ops")
    with frozen(datetime(2026, 3, 2, 12, tzinfo=UTC)):
        members.set_role(acme, ben, "manager", "command line root")
    made, given = "made a team: ops", "gave a role: ben"
    for query, there, not_there in [
        ({"action": "team.create"}, made, given),
        ({"by": "ana"}, made, given),
        ({"by": "command line root"}, given, made),
        ({"subject": "ben"}, given, made),
        ({"subject": "Ops"}, made, given),
        ({"subject": "team:ops"}, made, given),
        ({"since": "2026-03-02"}, given, made),
        ({"until": "2026-03-01"}, made, given),
    ]:
        page = html(desk.get(at("audit"), query)).replace("</strong>", "")
        assert there in page, query
        assert not_there not in page, query
    none = html(desk.get(at("audit"), {"by": "nobody"}))
    assert "Nothing of this kind is in the log." in none


def test_a_wrong_filter_is_said_beside_its_field(desk, at):
    answer = desk.get(at("audit"), {"since": "yesterday", "action": "no.such"})
    assert answer.status_code == 422
    assert "Enter a valid date." in html(answer)
    assert 'value="yesterday"' in html(answer)
    assert "Select a valid choice." in html(answer)


def test_it_is_read_page_by_page(desk, acme, at, monkeypatch):
    monkeypatch.setattr("tocsin.web.desk.audit.SHOWN", 2)
    for name in ("one", "two", "three"):
        members.make_team(acme, name, "test")
    first = html(desk.get(at("audit"), {"by": "test"}))
    assert "three" in first
    assert ": one" not in first
    link = first.partition('">Older')[0].rpartition('href="')[2].replace("&amp;", "&")
    second = html(desk.get(at("audit") + link))
    assert ": one" in second
    assert ": three" not in second
    assert "Older" not in second
    assert "Newest" in second


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "\u0661"])
def test_what_is_no_page_is_missing(desk, at, after):
    assert desk.get(at("audit"), {"after": after}).status_code == 404


def test_anothers_log_is_not_shown(desk, globex, at):
    members.make_team(globex, "theirs", "test")
    assert "theirs" not in html(desk.get(at("audit")))


def test_hostile_text_is_text(desk, acme, at):
    after = {"to": [HOSTILE], "x": {"y": HOSTILE}}
    note(acme.pk, HOSTILE, HOSTILE[:40], HOSTILE, before={HOSTILE: HOSTILE}, after=after)
    assert HOSTILE not in html(desk.get(at("audit")))
    assert HOSTILE not in html(desk.get(at("audit"), {"by": HOSTILE, "subject": HOSTILE, "since": HOSTILE}))


def test_the_log_costs_the_same_for_one_and_for_many(desk, acme, person, at, django_assert_max_num_queries):
    ben = person("ben", acme="member")
    save({"name": "r", "event_types": ["*"], "to": ["org:acme"]}, Place(acme.pk, None), "test")
    members.set_role(acme, ben, "manager", "user 1")
    with django_assert_max_num_queries(20) as few:
        desk.get(at("audit"))
    for number in range(8):
        save({"name": f"r{number}", "event_types": ["*"], "to": ["org:acme"]}, Place(acme.pk, None), "user 2")
        members.set_role(acme, person(f"p{number}"), "member", f"user {number}")
    with django_assert_max_num_queries(len(few)):
        desk.get(at("audit"))


def test_values_are_said_as_somebody_would_say_them():
    before = {"active": True, "role": "member", "user": "7", "to": ["a", "b"], "hours": None, "same": 1}
    after = {"active": False, "role": None, "user": "8", "to": [], "hours": {"open": []}, "same": 1}
    found = {one.field: one for one in differences(before, after, {"7": "ana"})}
    assert {name: (one.before, one.after) for name, one in found.items() if not one.is_long} == {
        "In use": ("yes", "no"),
        "Role": ("Member", ""),
        "Person": ("ana", "8"),
        "Who is told": ("a, b", ""),
    }
    assert found["Hours"].is_long


def test_true_and_one_are_not_the_same():
    assert [one.after for one in differences({"x": 1}, {"x": True}, {})] == ["yes"]
