"""What people set up in Argus, moved out of a database with Argus's tables."""

from __future__ import annotations

import json
import sqlite3

import pytest
from click.testing import CliRunner

import tocsin
from tocsin.cli import cli
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.models import Rule
from tocsin.tenants.models import Membership, Organization
from tocsin.tenants.organizations import implicit
from tocsin.testing import deliver_now

pytestmark = pytest.mark.django_db

P = "argus_notificationprofile"
TABLES = f"""
CREATE TABLE argus_auth_user (id integer PRIMARY KEY, username text, email text, password text);
CREATE TABLE {P}_media (slug text PRIMARY KEY, name text, installed bool);
CREATE TABLE {P}_destinationconfig
    (id integer PRIMARY KEY, user_id integer, media_id text, label text, settings text, managed bool);
CREATE TABLE {P}_timeslot (id integer PRIMARY KEY, user_id integer, name text);
CREATE TABLE {P}_timerecurrence (id integer PRIMARY KEY, timeslot_id integer, days text, "start" text, "end" text);
CREATE TABLE {P}_filter (id integer PRIMARY KEY, user_id integer, name text, filter text, public bool);
CREATE TABLE {P}_notificationprofile
    (id integer PRIMARY KEY, user_id integer, timeslot_id integer, name text, active bool);
CREATE TABLE {P}_notificationprofile_filters
    (id integer PRIMARY KEY, notificationprofile_id integer, filter_id integer);
CREATE TABLE {P}_notificationprofile_destinations
    (id integer PRIMARY KEY, notificationprofile_id integer, destinationconfig_id integer);
"""


ALWAYS = (("[1, 2, 3, 4, 5, 6, 7]", "00:00:00", "23:59:59.999999"),)


class Argus:
    """A database in the making."""

    def __init__(self, path):
        self.path = path
        self.rows = sqlite3.connect(path, autocommit=True) if hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL") else (
            sqlite3.connect(path, isolation_level=None)
        )  # fmt: skip
        self.rows.executescript(TABLES)
        self.put("argus_auth_user", 1, "ana", "ana@example.org", "secret")
        self.put("argus_auth_user", 2, "gone", "gone@example.org", "secret")

    def put(self, table, *values):
        name = table if table.startswith("argus") else f"{P}_{table}"
        marks = ", ".join("?" * len(values))
        self.rows.execute(f"INSERT INTO {name} VALUES ({marks})", values)

    def profile(self, pk, *, filters=(), addresses=(), hours=ALWAYS, user=1, active=True, name="nights"):
        self.put("timeslot", pk, user, f"slot {pk}")
        for index, (days, start, end) in enumerate(hours):
            self.put("timerecurrence", pk * 10 + index, pk, days, start, end)
        for index, given in enumerate(filters):
            self.put("filter", pk * 10 + index, user, f"filter {index}", json.dumps(given), False)
            self.put("notificationprofile_filters", pk * 10 + index, pk, pk * 10 + index)
        for index, address in enumerate(addresses):
            self.put("notificationprofile_destinations", pk * 10 + index, pk, address)
        self.put("notificationprofile", pk, user, pk, name, active)


@pytest.fixture
def argus(tmp_path):
    made = Argus(tmp_path / "argus.sqlite3")
    made.put(
        "destinationconfig", 1, 1, "email", None, '{"email_address": "ana@example.org", "synced": true}', None
    )
    made.put(
        "destinationconfig",
        2,
        1,
        "email",
        "Home",
        '{"email_address": "home@example.org", "synced": false}',
        False,
    )
    made.put("destinationconfig", 3, 1, "memory", "Desk", '{"name": "desk"}', False)
    made.put("destinationconfig", 4, 1, "pigeon", "Loft", '{"loft": 1}', False)
    made.put("destinationconfig", 5, 2, "email", "x", '{"email_address": "x@example.org"}', False)
    yield made
    made.rows.close()


@pytest.fixture
def ana(django_user_model):
    user = django_user_model.objects.create_user("ana", "ana@example.org", "x")
    Membership.objects.create(organization=implicit(), user=user, role="manager")
    return user


@pytest.fixture
def move(argus):
    def run(*more, code=0):
        done = CliRunner().invoke(cli, ["import-argus", f"sqlite:///{argus.path}", "--json", *more])
        assert done.exit_code == code, done.output
        return [tuple(one.values()) for one in json.loads(done.stdout)] if not code else done.stderr

    return run


def outcome(lines, name):
    return [(one[2], one[3]) for one in lines if one[1] == name]


def test_destinations_are_moved_and_what_cannot_be_is_said(argus, ana, move) -> None:
    lines = move()
    assert outcome(lines, "ana: email")[0][0] == "kept"
    assert outcome(lines, "ana: Home") == outcome(lines, "ana: Desk") == [("moved", "")]
    [(what, why)] = outcome(lines, "ana: Loft")
    assert what == "left out"
    assert "pigeon" in why
    assert outcome(lines, "gone: x")[0][0] == "left out"
    rows = Destination.objects.filter(user=ana).values_list("channel", "label", "identity")
    assert sorted(rows) == [
        ("email", "Home", "home@example.org"),
        ("memory", "Desk", rows.get(channel="memory")[2]),
    ]


def test_a_profile_becomes_a_rule_that_tells_as_it_did(argus, ana, move) -> None:
    argus.profile(
        1, addresses=[3], filters=[{"sourceSystemIds": [7], "tags": ["host=db1"], "maxlevel": 2, "open": True}],
        hours=[("[1, 2, 3, 4, 5]", "08:00:00", "16:59:59"), ("{6,7}", "10:30:00", "23:59:00")],
    )  # fmt: skip
    assert outcome(move(), "ana: nights") == [("moved", "")]
    spec = save.spec_of(Rule.objects.get())
    assert (spec.name, spec.level.slug, spec.event_types) == ("nights", "error", ("*",))
    assert spec.hours == {"open": [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "17:00"},
        {"days": ["sat", "sun"], "from": "10:30", "to": "24:00"},
    ]}  # fmt: skip
    fits = {"source_id": 7, "tags": ["host=db1", "a=b"]}
    heard = []
    for level, data in (
        ("error", fits),
        ("warning", fits),
        ("critical", {**fits, "source_id": 8}),
        ("error", {}),
    ):
        event = tocsin.notify("message:internal", title="x", level=level, data=data)
        deliver_now()
        heard.append(tocsin_heard(event))
    assert heard[1:] == [False, False, False]


def tocsin_heard(event) -> bool:
    from tocsin.deliveries.models import Delivery

    return Delivery.objects.filter(event=event.id).exists()


def test_a_profile_that_is_always_open_tells(argus, ana, move) -> None:
    argus.profile(1, addresses=[3], filters=[{"sourceSystemIds": [7], "maxlevel": 2}])
    move()
    event = tocsin.notify("message:internal", title="x", level="error", data={"source_id": 7})
    deliver_now()
    assert tocsin_heard(event)


def test_the_accounts_address_gets_a_rule_of_its_own(argus, ana, move) -> None:
    argus.profile(1, addresses=[1, 3], filters=[{"open": True}])
    move()
    specs = {rule.name: save.spec_of(rule) for rule in Rule.objects.all()}
    assert specs["nights"].destinations
    assert specs["nights (account)"].channels == ("email",)


@pytest.mark.parametrize(
    ("profile", "words", "active"),
    [
        ({"filters": []}, "has no filter", False),
        ({"filters": [{"sourceSystemIds": [], "tags": []}]}, "says nothing", False),
        ({"filters": [{"open": True}, {"tags": []}]}, "says nothing", False),
        ({"filters": [{"open": True}], "hours": []}, "never opens", False),
        ({"filters": [{"open": True}], "hours": [("[1]", "22:00:00", "06:00:00")]}, "never opens", False),
        ({"filters": [{"event_types": ["STA", "CHI"]}]}, "CHI", True),
        ({"filters": [{"open": True}], "active": False}, "switched off", False),
        ({"filters": [{"open": True}], "addresses": [3, 4]}, "1 of its destinations", True),
    ],
)
def test_what_could_not_be_carried_is_said(argus, ana, move, profile, words, active) -> None:  # noqa: PLR0917
    argus.profile(1, **{"addresses": [3], **profile})
    assert any(words in detail for _, detail in outcome(move(), "ana: nights"))
    assert Rule.objects.get().active is active


@pytest.mark.parametrize("profile", [{"addresses": [4]}, {"addresses": []}, {"addresses": [5], "user": 2}])
def test_a_profile_without_anything_left_is_left_out(argus, ana, move, profile) -> None:
    argus.profile(1, filters=[{"open": True}], **profile)
    lines = move()
    assert "left out" in [one[2] for one in lines if one[0] == "rule"]
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (["STA"], ["open"]),
        (["END", "CLO"], ["resolved"]),
        (["STA", "END"], ["open", "resolved"]),
        (["ACK"], ["acknowledged"]),
    ],
)
def test_beginnings_and_ends(argus, ana, move, kinds, told) -> None:
    argus.profile(1, addresses=[3], filters=[{"event_types": kinds}])
    move()
    events = {
        status: tocsin.notify("message:internal", title="x", status=status, group_key="g")
        for status in ("open", "acknowledged", "resolved")
    }
    deliver_now()
    assert [status for status, event in events.items() if tocsin_heard(event)] == told


def test_stateful_is_what_has_a_group(argus, ana, move) -> None:
    argus.profile(1, addresses=[3], filters=[{"stateful": True}])
    move()
    alone = tocsin.notify("message:internal", title="x")
    grouped = tocsin.notify("message:internal", title="x", group_key="g")
    deliver_now()
    assert (tocsin_heard(alone), tocsin_heard(grouped)) == (False, True)


def test_it_can_be_done_again(argus, ana, move) -> None:
    argus.profile(1, addresses=[1, 3], filters=[{"open": True}])
    move()
    before = Rule.objects.count(), Destination.objects.count()
    assert {one[2] for one in move() if one[1].startswith("ana") and "Loft" not in one[1]} == {"kept"}
    assert (Rule.objects.count(), Destination.objects.count()) == before


def test_the_url_may_come_from_stdin_where_no_history_keeps_it(argus, ana) -> None:
    done = CliRunner().invoke(cli, ["import-argus", "-"], input=f"sqlite:///{argus.path}\n")
    assert done.exit_code == 0, done.output
    assert "ana: Home" in done.stdout


def test_a_dry_run_does_nothing(argus, ana, move) -> None:
    argus.profile(1, addresses=[3], filters=[{"open": True}])
    assert ("moved", "") in outcome(move("--dry-run"), "ana: nights")
    assert not Rule.objects.exists()
    assert not Destination.objects.exists()


def test_whoever_may_not_read_events_is_named(argus, ana, move) -> None:
    Membership.objects.update(role="member")
    acme = Organization.objects.create(slug="acme", name="Acme")
    argus.profile(1, addresses=[3], filters=[{"open": True}])
    lines = move("--organization", "acme", "--type", "message:*")
    assert any("role manager" in detail for _, detail in outcome(lines, "ana: nights"))
    assert Rule.objects.get().organization == acme
    assert Rule.objects.get().event_types == ["message:*"]


def test_an_older_release_kept_half_of_a_filter_as_text(argus, ana, move) -> None:
    argus.rows.executescript(f"""
        DROP TABLE {P}_filter; ALTER TABLE {P}_destinationconfig DROP COLUMN managed;
        CREATE TABLE {P}_filter (id integer PRIMARY KEY, user_id integer, name text, filter_string text, filter text);
        INSERT INTO {P}_filter VALUES (10, 1, 'f', '{{"sourceSystemIds": [7], "tags": []}}', '{{"maxlevel": 1}}');
        INSERT INTO {P}_notificationprofile_filters VALUES (10, 1, 10);
    """)
    argus.profile(1, addresses=[3])
    move()
    spec = save.spec_of(Rule.objects.get())
    assert (spec.level.slug, spec.condition) == (
        "critical", {"all": [{"field": "data.source_id", "op": "in", "value": [7]}]},
    )  # fmt: skip


def test_what_is_no_database_of_argus_is_said(argus, ana, move, tmp_path) -> None:
    argus.rows.execute("DROP TABLE argus_auth_user")
    assert "cannot be read" in move(code=2)
