"""`tocsin notify`: the event is stored, delivered before the process ends, and bad input harms nothing."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.shell import eventually
from tocsin import clock
from tocsin.cli.moments import parse_moment
from tocsin.engines import heartbeat
from tocsin.engines.models import Worker
from tocsin.events.models import Event

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def test_the_id_is_printed_alone_and_the_mail_is_out_before_it_ends(shell, relay):
    done = shell.attempt(
        "notify", "message:system", "--title", "Café ☕", "--body", "**now**", "--to", "user:ana"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert str(uuid.UUID(done.stdout.strip())) == done.stdout.strip()
    [mail] = relay.messages
    assert mail.recipients == ["ana@example.org"]
    assert mail.parsed["Subject"] == "Café ☕"
    lines = shell.json("deliveries", "list")
    assert {(line["channel"], line["state"]) for line in lines} == {("email", "sent"), ("message", "sent")}


def test_a_body_from_stdin(shell, relay):
    shell.run(
        "notify",
        "message:system",
        "--title",
        "x",
        "--body",
        "-",
        "--to",
        "user:ana",
        stdin="line 1\n\nline 2\n",
    )
    assert "line 2" in relay.messages[0].parsed.get_body(("plain",)).get_content()


def test_data_url_and_level_are_stored(shell):
    event = shell.run(
        "notify",
        "drill",
        "--title",
        "x",
        "--to",
        "user:ana",
        "--level",
        "failed",
        "--url",
        "/a",
        "--data",
        '{"n": 1}',
    )
    assert shell.json("explain", event)["state"] == "planned"


def test_one_key_is_one_event(shell):
    first, again = (
        shell.run("notify", "drill", "--title", "x", "--to", "user:ana", "--dedupe-key", "k")
        for _ in range(2)
    )
    assert first == again
    said = shell.refused(
        "notify", "drill", "--title", "other", "--to", "user:ana", "--dedupe-key", "k", code=1
    )
    assert first in said
    assert "another key" in said
    assert len(shell.json("deliveries", "list")) == 1


def test_a_story_is_told_and_ended_from_the_shell(invoke):
    given = ("notify", "message:system", "--title", "x", "--to", "user:ana", "--group-key", "disk-db1")
    for status in ("acknowledged", "resolved"):
        event = Event.objects.get(pk=invoke(*given, "--status", status).stdout.strip())
        assert (event.group_key, event.status) == ("disk-db1", status)
    assert "open, acknowledged, resolved" in invoke(*given, "--status", "closed", code=2).stderr


def test_what_is_due_later_waits_and_says_that_nobody_is_there(shell):
    done = shell.attempt("notify", "drill", "--title", "x", "--to", "user:ana", "--at", "+1h")
    assert done.returncode == 0
    assert "tocsin serve" in done.stderr
    assert shell.json("deliveries", "list") == []
    assert shell.json("explain", done.stdout.strip())["state"] == "waiting"


def test_what_is_due_soon_is_sent_by_the_server_that_runs(shell):
    with shell.started("serve", "--port", "0") as server:
        server.line_with("tocsin is at")
        eventually(lambda: "1 alive" in shell.attempt("doctor").stdout)
        done = shell.attempt("notify", "drill", "--title", "x", "--to", "user:ana", "--at", "+1s")
        assert done.stderr == ""
        eventually(lambda: shell.json("deliveries", "list"))


def test_this_very_process_is_not_one_that_will_be_there(invoke):
    later = ("notify", "drill", "--title", "x", "--to", "user:ana", "--at", "+1h")
    heartbeat.beat("inline")
    assert "tocsin serve" in invoke(*later).stderr
    Worker.objects.create(name="other:1:x", engine="inline", started_at=clock.now(), beat_at=clock.now())
    assert invoke(*later).stderr == ""


def test_a_missing_worker_is_said_on_stderr(shell):
    done = shell.attempt("notify", "drill", "--title", "x", "--to", "user:ana", TOCSIN_ENGINE="worker")
    assert done.returncode == 0
    assert "no worker is running" in done.stderr
    assert uuid.UUID(done.stdout.strip())


BAD = {
    "type": (["dril"], "Did you mean 'drill'?"),
    "title with a break": (["drill", "--title", "a\nb"], "--title: has line breaks"),
    "title that is too long": (["drill", "--title", "x" * 301], "--title: has 301 characters"),
    "empty title": (["drill", "--title", " "], "--title: is missing"),
    "level": (["drill", "--level", "loud"], "--level: 'loud' is not a level. Use one of: info"),
    "audience": (["drill", "--to", "ana"], "--to: 'ana' is no audience. Write 'kind:value'"),
    "audience kind": (["drill", "--to", "grup:ops"], "Did you mean 'group'?"),
    "address": (["drill", "--to", "email:nobody"], "--to: "),
    "channel": (["drill", "--channel", "emial"], "--channel: 'emial' is not known. Did you mean 'email'?"),
    "organization": (["drill", "--organization", "acme"], "--organization: 'acme' is not known"),
    "url": (["drill", "--url", "javascript:alert(1)"], "--url: is no http"),
    "time without zone": (["drill", "--at", "2030-01-31T09:00:00"], "no offset"),
    "time that is none": (["drill", "--at", "soon"], "'soon' is no time"),
    "end before the start": (["drill", "--at", "+2h", "--until", "+1h"], "--until: is not after"),
    "JSON": (["drill", "--data", "{"], "It is no JSON"),
    "JSON NaN": (["drill", "--data", '{"a": NaN}'], "NaN"),
    "JSON twins": (["drill", "--data", '{"a": 1, "a": 2}'], "'a'"),
    "JSON list": (["drill", "--data", "[1]"], "It is no object"),
    "JSON depth": (["drill", "--data", "[" * 50_000], "nested deeper"),
    "JSON NUL": (["drill", "--data", '{"a": "\\u0000"}'], "--data"),
    "option": (["drill", "--titel", "x"], "--title"),
    "no type": ([], "Missing argument 'TYPE'"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD)
def test_bad_input_names_the_field_and_the_remedy(invoke, arguments, said):
    if not any(one.startswith("--tit") for one in arguments):
        arguments = [*arguments, "--title", "x"]
    assert said in invoke("notify", *arguments, code=2).stderr
    assert not Event.objects.exists()


def test_bad_input_in_a_process_of_its_own(shell):
    assert "--level: 'loud' is not a level" in shell.refused(
        "notify", "drill", "--title", "x", "--level", "loud"
    )


def test_every_wrong_field_has_its_line(invoke):
    bad = ("notify", "drill", "--title", "a\nb", "--level", "loud", "--to", "ana", "--channel", "x")
    said = invoke(*bad, code=2).stderr
    assert [line.split(":")[1].strip() for line in said.splitlines()] == [
        "--to",
        "--channel",
        "--title",
        "--level",
    ]


def test_a_body_that_is_too_large_or_no_text(invoke):
    arguments = ("notify", "drill", "--title", "x", "--to", "user:ana", "--body", "-")
    assert "--body: has 262145 bytes" in invoke(*arguments, stdin="x" * 1_000_000, code=2).stderr
    assert "--body: is not UTF-8" in invoke(*arguments, stdin=b"caf\xe9", code=2).stderr


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("+3s", NOON + timedelta(seconds=3)),
        ("+2h", NOON + timedelta(hours=2)),
        ("+1w", NOON + timedelta(weeks=1)),
        ("2030-02-01T09:00:00+01:00", datetime(2030, 2, 1, 8, tzinfo=UTC)),
        ("2030-02-01T09:00:00Z", datetime(2030, 2, 1, 9, tzinfo=UTC)),
    ],
)
def test_times(text, moment):
    assert parse_moment(text, NOON) == moment


@pytest.mark.parametrize(
    "text", ["", "+3", "+3x", "-3s", "+1.5h", "+999999999w", "2030-01-01", "2030-13-01T00:00Z", "+٣s"]
)
def test_times_that_are_none(text):
    with pytest.raises(ValueError, match="Write 2030-01-31T09:00:00"):
        parse_moment(text, NOON)
