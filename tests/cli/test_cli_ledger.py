"""`tocsin explain`, `deliveries`, `pause` and `resume`, and the list of channels."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

import tocsin
from tocsin import to
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Rejected
from tocsin.deliveries.models import Delivery
from tocsin.testing import deliver_now


@pytest.fixture
def ana(db):
    return get_user_model().objects.create(username="ana", email="ana@example.org")


@pytest.fixture
def memory():
    MemoryChannel.clear()
    yield MemoryChannel
    MemoryChannel.clear()


@pytest.fixture
def refused(ana, memory):
    """An event of which two deliveries are dead, and one item is in an inbox."""
    MemoryChannel.script = lambda message: Rejected(Cause.REFUSED_CONTENT, "no")
    event = tocsin.notify(
        "drill", title="x", to=[to.address("memory", "a"), to.address("memory", "b"), to.user(ana)]
    )
    deliver_now()
    MemoryChannel.script = None
    return event.id


def test_explain_says_who_got_it(invoke, ana):
    event = tocsin.notify("message:system", title="x", to=[to.user(ana)], channel="webhook")
    deliver_now()
    said = invoke("explain", str(event.id)).stdout
    assert "no address on this channel" in said
    assert "ana" in invoke("explain", str(event.id), "--user", "ana").stdout
    told = json.loads(invoke("explain", str(event.id), "--json").stdout)
    assert [(line["channel"], line["reason"]) for line in told["deliveries"]] == [
        ("webhook", "no_destination")
    ]


@pytest.mark.parametrize("event", ["7", "not-an-id", "0199f7c2-5d0b-7c31-9d3a-0b1f6a2e4c55"])
def test_explain_of_nothing(invoke, event):
    assert "There is no event" in invoke("explain", event, code=2).stderr


def test_explain_to_nobody(invoke, refused):
    assert "There is no user 'nobody'" in invoke("explain", str(refused), "--user", "nobody", code=2).stderr


def test_deliveries_are_listed_and_filtered(invoke, refused):
    def listed(*arguments):
        return json.loads(invoke("deliveries", "list", "--json", *arguments).stdout)

    assert len(listed()) == 3
    assert {line["state"] for line in listed("--state", "dead")} == {"dead"}
    assert [line["channel"] for line in listed("--channel", "message")] == ["message"]
    assert [line["channel"] for line in listed("--user", "ana")] == ["message"]
    assert len(listed("--event", str(refused))) == 3
    assert len(listed("--limit", "1")) == 1


def test_lists_that_are_longer_than_a_page(invoke, refused, monkeypatch):
    monkeypatch.setattr("tocsin.cli.deliveries.MOST", 1)
    assert len(json.loads(invoke("deliveries", "list", "--json").stdout)) == 3
    assert "2 on the way again" in invoke("deliveries", "retry", "--channel", "memory").stdout


def test_each_row_is_a_line_of_fields(invoke, refused):
    rows = [line.split("\t") for line in invoke("deliveries", "list", "--state", "dead").stdout.splitlines()]
    assert [(row[1], row[3]) for row in rows] == [("memory", "dead"), ("memory", "dead")]
    assert {row[6] for row in rows} == {"The far side refused the message. no"}


def test_an_empty_list_says_so_on_stderr(invoke):
    done = invoke("deliveries", "list")
    assert (done.stdout, done.stderr) == ("", "There are no such deliveries.\n")


def test_what_was_stored_cannot_steer_the_terminal(invoke, refused):
    Delivery.objects.update(label="\x1b[31mred\nline")
    shown = invoke("deliveries", "list", "--channel", "memory").stdout
    assert "\x1b" not in shown
    assert shown.count("\n") == 2


def test_dead_ones_are_sent_again_by_name_or_all(invoke, refused, memory):
    one, other = (f"d{pk}" for pk in Delivery.objects.filter(state="dead").values_list("pk", flat=True))
    assert "1 on the way again" in invoke("deliveries", "retry", one).stdout
    assert "1 on the way again" in invoke("deliveries", "retry", "--event", str(refused)).stdout
    deliver_now()
    assert len(memory.sent) == 2
    assert "is sent; only dead ones" in invoke("deliveries", "retry", other, code=1).stderr
    assert "None of them is dead" in invoke("deliveries", "retry", "--channel", "memory").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Name deliveries, or --event or --channel"),
        (["d1", "--channel", "memory"], 2, "not both"),
        (["d999999"], 2, "There is no delivery d999999"),
        (["x"], 2, "There is no delivery 'x'"),
        (["i1"], 1, "in an inbox already"),
        (["--channel", "memry"], 2, "Did you mean 'memory'?"),
    ],
)
def test_retries_that_cannot_be(invoke, arguments, code, said):
    assert said in invoke("deliveries", "retry", *arguments, code=code).stderr


def test_a_paused_channel_waits_until_it_is_resumed(invoke, memory):
    assert "Channel memory is paused" in invoke("pause", "--channel", "memory").stdout
    tocsin.notify("drill", title="x", to=[to.address("memory", "a")])
    deliver_now()
    assert not memory.sent
    assert "goes on" in invoke("resume", "--channel", "memory").stdout
    deliver_now()
    assert len(memory.sent) == 1


def test_actions_can_be_paused_and_listed(invoke):
    assert "is paused" in invoke("pause", "--channel", "action").output
    assert invoke("deliveries", "list", "--channel", "action").exit_code == 0
    assert "goes on" in invoke("resume", "--channel", "action").output


def test_a_pause_of_all_is_lifted_as_such(invoke):
    invoke("pause")
    assert "was not paused" in invoke("resume", "--channel", "email").stdout
    assert "Sending as a whole goes on" in invoke("resume").stdout
    assert "was not paused" in invoke("resume").stdout


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_channel_that_is_none_cannot_be_paused(invoke, verb):
    assert "Did you mean 'email'?" in invoke(verb, "--channel", "emial", code=2).stderr


def test_channels_say_what_they_need(invoke, settings):
    settings.TOCSIN = settings.TOCSIN | {"CHANNELS": {"pigeon": "no.such.Channel"}}
    done = invoke("channels")
    assert "webhook\tWebhook\turl, [secret]" in done.stdout
    assert "pigeon" in done.stderr
    told = {row["slug"]: row for row in json.loads(invoke("channels", "--json").stdout)}
    assert told["webhook"]["schema"]["required"] == ["url"]
    assert told["alert"]["capabilities"] == ["in_app"]
