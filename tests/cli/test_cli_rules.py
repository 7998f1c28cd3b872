"""`tocsin rules`: kept one by one or as a file, and tried before they are saved."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from tocsin.recipients.destinations import add_destination
from tocsin.rules.models import Rule, RuleVersion
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Organization, Role

TYPE = "message:system"
CONDITION = '{"all": [{"field": "data.host", "op": "starts_with", "value": "db"}]}'


@pytest.fixture
def acme(db):
    return Organization.objects.create(slug="acme")


@pytest.fixture
def ana(acme):
    made = get_user_model().objects.create_user("ana", "ana@example.org")
    Membership.objects.create(organization=acme, user=made, role=Role.ADMIN)
    add_destination(made, "memory", {"name": "ana"})
    return made


def add(invoke, *more, owner="org:acme", name="Disks"):
    options = ["--name", name, "--type", "message:*", *more]
    if owner.startswith("org:") and "--to" not in more:
        options += ["--to", "role:admin", "--channel", "memory"]
    return invoke("rules", "add", owner, *options).stdout.strip()


def rows(invoke, *arguments):
    return json.loads(invoke("rules", "list", *arguments, "--json").stdout)


def test_the_number_is_alone_on_stdout_and_doubts_are_on_stderr(invoke, acme):
    done = invoke("rules", "add", "org:acme", "--name", "Disks", "--type", TYPE, "--to", "role:admin")
    assert done.stdout.strip() == str(Rule.objects.get().pk)
    assert "Warning: role:admin is nobody now." in done.stderr


def test_a_rule_is_shown_in_words(invoke, ana):
    number = add(invoke, "--condition", CONDITION, "--level", "error", "--stop")
    shown = invoke("rules", "show", number).stdout.splitlines()
    assert shown == [
        f"rule:{number}@1 “Disks” of org:acme (on)",
        "  about      message:*, error or worse",
        "  if",
        "    all of",
        '      data.host starts with "db"',
        "  tells      role:admin by memory",
        "  then       no later rule of the same owner is asked",
    ]
    [row] = rows(invoke)
    assert (row["id"], row["owner"], row["version"], row["to"]) == (number, "org:acme", 1, ["role:admin"])


def test_options_go_with_a_service(invoke, ana):
    given = (
        "--service",
        "memory",
        "--target",
        "user",
        "--target-identifier",
        "ana",
        "--options",
        '{"loud": true}',
    )
    invoke("rules", "add", "org:acme", "--name", "Loud", "--type", TYPE, *given)
    number = str(Rule.objects.get().pk)
    assert '  with       {"loud": true}' in invoke("rules", "show", number).stdout.splitlines()
    wrong = invoke("rules", "change", number, "--options", '["loud"]', code=2)
    assert "options" in wrong.output


def test_what_is_listed_can_be_narrowed(invoke, ana):
    disks, own = add(invoke), add(invoke, "--organization", "acme", owner="user:ana", name="Mine")
    drills = add(invoke, "--type", "drill", name="Drills")
    invoke("rules", "delete", disks)
    assert [row["id"] for row in rows(invoke)] == [drills, own]
    assert [row["id"] for row in rows(invoke, "--owner", "user:ana")] == [own]
    assert [row["id"] for row in rows(invoke, "--owner", "org:acme", "--type", "drill")] == [drills]
    assert {row["id"] for row in rows(invoke, "--all")} == {disks, own, drills}
    assert "Mine" in invoke("rules", "list").stdout


def test_only_what_is_given_is_changed(invoke, ana):
    number = add(invoke, "--level", "error")
    invoke("rules", "change", number, "--channel", "message", "--channel", "memory")
    [row] = rows(invoke)
    assert (row["channels"], row["level"], row["version"]) == (["message", "memory"], "error", 2)
    assert "Nothing to change" in invoke("rules", "change", number, code=2).output


def test_every_change_is_on_record_and_can_be_undone(invoke, ana):
    number = add(invoke)
    invoke("rules", "disable", number)
    invoke("rules", "enable", number)
    assert "already" in invoke("rules", "enable", number).stdout
    invoke("rules", "delete", number)
    invoke("rules", "change", number, "--level", "error", code=1)
    assert "as it was before" in invoke("rules", "undo", number).stdout
    history = json.loads(invoke("rules", "history", number, "--json").stdout)
    assert [one["action"] for one in history] == ["undo", "delete", "change", "change", "create"]
    assert history[2]["differs"] == {"active": [False, True]}
    assert all(one["by"].startswith("command line") for one in history)
    assert AuditEntry.objects.filter(subject=f"rule:{number}").count() == 5
    assert "active false → true" in invoke("rules", "history", number).stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--type", "nothing"], "--type"),
        (["--level", "loud"], "--level"),
        (["--channel", "fax"], "--channel"),
        (["--to", "team:rival/ops"], "--to"),
        (["--condition", '{"field": "data.a", "op": "gte", "value": []}'], "--condition.value"),
        (["--condition", "x"], "--condition"),
        (["--hours", '{"open": []}'], "--hours.open"),
        (["--project", "web"], "--project"),
        (["--destination", "7"], "--destination"),
    ],
)
def test_what_is_wrong_names_the_option(invoke, ana, options, said):
    given = ["--name", "x"] if "--type" in options else ["--name", "x", "--type", TYPE]
    assert said in invoke("rules", "add", "org:acme", *given, *options, code=2).stderr
    assert not Rule.objects.exists()


FILE = """\
organization: acme
rules:
  - name: Disks
    event_types: ["message:*"]
    level: error
    to: ["role:admin", "memory:ops"]
    channels: [memory]
tests:
  - name: an error reaches the admins
    event: {type: "message:system", level: error}
    at: 2030-12-24T03:00:00+01:00
    expect:
      "user:ana": [memory]
      "memory:ops": [memory]
  - name: nobody hears of the rest
    event: {type: "message:system"}
    expect: {}
"""


@pytest.fixture
def file(tmp_path):
    def write(text=FILE):
        path = tmp_path / "rules.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_a_file_is_checked_without_being_saved(invoke, ana, file):
    said = invoke("rules", "check", file()).stdout
    assert said.splitlines() == [
        "+ Disks",
        "✓ an error reaches the admins",
        "✓ nobody hears of the rest",
        "1 would be changed. Nothing is saved by check.",
    ]
    assert not Rule.objects.exists()


def test_a_file_is_applied_once(invoke, ana, file):
    assert "1 saved." in invoke("rules", "apply", file()).stdout
    assert "Nothing to change." in invoke("rules", "apply", file()).stdout
    [version] = RuleVersion.objects.all()
    assert version.by.startswith("command line")
    assert version.by.endswith("rules.yaml")
    exported = invoke("rules", "export", "--organization", "acme").stdout
    assert "- name: Disks" in exported
    assert "Nothing to change." in invoke("rules", "apply", file(exported)).stdout


def test_a_test_that_fails_says_what_came_and_why_and_nothing_is_saved(invoke, ana, file):
    wrong = FILE.replace('"user:ana": [memory]', '"user:ana": [memory, email]').replace(
        '      "memory:ops": [memory]\n', ""
    )
    done = invoke("rules", "apply", file(wrong), code=1)
    assert "✗ an error reaches the admins\n" in done.stdout
    assert "    user:ana should be told by email\n" in done.stdout
    assert "    memory:ops is told by memory, because of rule:draft\n" in done.stdout
    assert "Nothing is saved" in done.stderr
    assert not Rule.objects.exists()


def test_what_is_not_in_the_file_is_left_or_pruned(invoke, ana, file):
    number = add(invoke, "--level", "critical", name="By hand")
    assert "· By hand (not in the file)" in invoke("rules", "apply", file()).stdout
    assert "- By hand" in invoke("rules", "check", file(), "--prune").stdout
    done = json.loads(invoke("rules", "apply", file(), "--prune", "--json").stdout)
    assert done["saved"]
    assert {one["name"]: one["action"] for one in done["rules"]} == {"Disks": "keep", "By hand": "delete"}
    assert Rule.objects.get(pk=number).deleted_at is not None


def test_a_change_is_shown_by_its_fields(invoke, ana, file):
    invoke("rules", "apply", file())
    said = invoke(
        "rules", "apply", file(FILE.replace("level: error\n    to", "level: warning\n    to"))
    ).stdout
    assert '~ Disks\n    level "error" → "warning"\n' in said


def test_a_file_that_is_wrong_is_told_by_line(invoke, ana, file):
    said = invoke(
        "rules", "check", file(FILE.replace("level: error\n    to", "level: loud\n    to")), code=2
    ).stderr
    assert "rules.0.level (line 5)" in said
    said = invoke(
        "rules", "apply", file(FILE.replace('type: "message:system", level', "type: nothing, level")), code=2
    )
    assert "tests.0.event.type (line 10)" in said.stderr
    assert not Rule.objects.exists()


def test_who_is_told_later_can_be_expected(invoke, ana, file):
    text = FILE.replace(
        "    channels: [memory]\n",
        '    channels: [memory]\n    hours: {open: [{days: [mon], from: "08:00", to: "09:00"}]}\n',
    )
    text = text.replace(
        '      "memory:ops": [memory]\n',
        '      "memory:ops": [memory]\n    later:\n      "user:ana": [memory]\n',
    )
    done = invoke("rules", "check", file(text), code=1)
    assert "    memory:ops is told later by memory, because of rule:draft\n" in done.stdout


def test_rules_are_explained_one_by_one(invoke, ana):
    import tocsin

    number = add(invoke, "--level", "error")
    event = tocsin.notify(TYPE, title="x", organization="acme")
    said = invoke("explain", str(event.id), "--rule", number).stdout
    assert f"rule:{number}@1 “Disks” did not apply: It wants error at least; this is info." in said
    invoke("explain", str(event.id), "--rule", "999", code=2)
    invoke("explain", str(event.id), "--rule", number, "--user", "ana", code=2)


def test_an_event_is_simulated_in_a_table_of_who_and_why(invoke, ana):
    number = add(invoke)
    given = ("simulate", TYPE, "--organization", "acme", "--channel", "memory")
    said = invoke(*given, "--to", "user:ben").stdout.splitlines()
    assert said == [
        f"\tana\tmemory\tsent\t(rule:{number}@1)",
        "\tuser:ben\tmemory\tskipped\tWas not to be sent. Nobody and nothing goes by this name any more. (to)",
        f"rule:{number}@1 “Disks” applied.",
    ]
    assert f"-\tana\tmemory\tsent\t(rule:{number}@1)" in invoke(*given, "--without", number).stdout
    draft = '{"name": "d", "event_types": ["*"], "to": ["memory:ops"]}'
    assert "+\tops\tmemory\tsent\t(rule:draft)" in invoke(*given, "--rule", draft).stdout
    found = json.loads(invoke(*given, "--rule", draft, "--without", number, "--json").stdout)
    assert [one["name"] for one in found["removed"]] == ["ana"]
    assert "rule.to" in invoke(*given, "--rule", '{"name": "d", "event_types": ["*"]}', code=2).stderr
    invoke(*given, "--without", "999", code=2)
