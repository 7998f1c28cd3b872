"""`tocsin destinations`: kept, tried out on real far sides, and never with a secret on the screen."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels import registry
from tocsin.recipients import destinations, managed
from tocsin.recipients.models import Destination
from tocsin.recipients.secrets import unseal

URL = "https://example.org/hook/s3cr3t-t0ken"
KEY = "whsec_" + "QUJD" * 11


@pytest.fixture
def ana(db):
    return get_user_model().objects.create_user("ana", "Ana@example.org")


def own(ana):
    return f"account-email-{ana.pk}"


def add(invoke, *arguments):
    return invoke("destinations", "add", *arguments).stdout.strip()


def rows(invoke, *arguments):
    return json.loads(invoke("destinations", "list", *arguments, "--json").stdout)


def test_a_webhook_whose_secrets_are_never_shown(invoke, ana):
    number = add(invoke, "user:ana", "webhook", "--set", f"url={URL}", "--label", "CI")
    assert unseal(Destination.objects.get(pk=int(number)).secrets)["url"] == URL
    shown = invoke("destinations", "list").stdout + invoke("destinations", "list", "--json").stdout
    assert "CI" in shown
    assert "s3cr3t" not in shown
    assert "whsec_" not in shown


def test_the_number_is_alone_on_stdout_and_a_made_secret_once_on_stderr(invoke, ana):
    done = invoke("destinations", "add", "user:ana", "webhook", "--set", f"url={URL}")
    assert done.stdout.strip().isdigit()
    made = unseal(Destination.objects.get().secrets)["secret"]
    assert f"secret: {made}" in done.stderr
    given = invoke(
        "destinations", "add", "org:default", "webhook", "--set", f"url={URL}", "--set", f"secret={made}"
    )
    assert given.stderr == ""


def test_a_secret_from_stdin_and_settings_as_json(invoke, db):
    invoke("destinations", "add", "org:default", "webhook", "--set", "url=-", stdin="https://example.org/a\n")
    add(invoke, "org:default", "email", "--settings", json.dumps({"email_address": "oncall@example.org"}))
    found = rows(invoke, "--owner", "org:default")
    assert [(row["owner"], row["channel"]) for row in found] == [
        ("org:default", "webhook"),
        ("org:default", "email"),
    ]
    assert found[1]["settings"] == {"email_address": "oncall@example.org"}
    assert invoke("destinations", "list", "--channel", "email").stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["user:nobody", "email"], "There is no user 'nobody'"),
        (["org:acme", "email"], "There is no organization 'acme'"),
        (["ana", "email"], "Write user:ana or org:acme"),
        (["org:default", "emial"], "Did you mean 'email'?"),
        (["org:default", "message"], "needs no destination"),
        (["org:default", "email", "--set", "adress=x"], "settings.adress: is no setting of this channel"),
        (["org:default", "email", "--set", "email_address=nobody"], "settings.email_address: "),
        (["org:default", "email", "--set", "email_address"], "is no NAME=VALUE"),
        (["org:default", "webhook", "--set", "url=ftp://example.org"], "settings.url: "),
        (["org:default", "memory", "--set", "name=x", "--label", "x" * 200], "--label: "),
        (["org:default", "memory", "--settings", "[]"], "It is no object"),
    ],
)
def test_a_destination_that_cannot_be(invoke, db, arguments, said):
    assert said in invoke("destinations", "add", *arguments, code=2).stderr
    assert not Destination.objects.exists()


def test_a_persons_account_address_is_listed_first_and_read_only(invoke, ana):
    add(invoke, "user:ana", "memory", "--set", "name=desk")
    for option in (["--user", "ana"], ["--owner", "user:ana"]):
        first, second = rows(invoke, *option)
        assert (first["id"], first["label"], first["managed"]) == (own(ana), "ana@example.org", True)
        assert second["channel"] == "memory"
    assert "read-only" in invoke("destinations", "list", "--user", "ana").stdout
    assert [row["id"] for row in rows(invoke, "--user", "ana", "--channel", "memory")] == [second["id"]]
    assert [row["id"] for row in rows(invoke)] == [second["id"]]


def test_what_is_remembered_of_an_account_address_is_listed_until_it_changes(invoke, ana):
    destinations.disable(managed.entries(ana.pk)[0], "gone")
    assert [(row["id"], row["state"]) for row in rows(invoke)] == [(own(ana), "disabled: gone")]
    ana.email = "new@example.org"
    ana.save()
    assert rows(invoke) == []
    assert rows(invoke, "--user", "ana")[0]["state"] == "in use"


def test_states_in_words(invoke, ana, settings):
    number = add(invoke, "user:ana", "memory", "--set", "name=desk")
    assert rows(invoke)[0]["state"] == "in use"
    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["memory"]}
    Destination.objects.update(verified_at=None)
    assert rows(invoke)[0]["state"] == "not confirmed"
    invoke("destinations", "disable", number, "--reason", "moved away")
    assert rows(invoke)[0]["state"] == "disabled: moved away"
    Destination.objects.update(channel="pigeon")
    assert rows(invoke)[0]["state"] == "channel not installed"


def test_switched_off_and_on(invoke, ana):
    for public_id in (add(invoke, "user:ana", "memory", "--set", "name=desk"), own(ana)):
        assert "is disabled" in invoke("destinations", "disable", public_id).stdout
        assert "was so already" in invoke("destinations", "disable", public_id).stdout
        assert "in use again" in invoke("destinations", "enable", public_id).stdout
        assert "in use already" in invoke("destinations", "enable", public_id).stdout
    assert not Destination.objects.filter(disabled_at__isnull=False).exists()


def test_removed_for_good_but_not_an_account_address(invoke, ana):
    number = add(invoke, "user:ana", "memory", "--set", "name=desk")
    assert "will be skipped" in invoke("destinations", "remove", number).stdout
    assert not Destination.objects.exists()
    assert "read-only" in invoke("destinations", "remove", own(ana), code=1).stderr
    assert "read-only" in invoke("destinations", "change", own(ana), "--label", "x", code=1).stderr


def test_a_change_keeps_what_is_not_named(invoke, ana):
    number = add(invoke, "user:ana", "webhook", "--set", f"url={URL}", "--set", "method=PUT")
    before = unseal(Destination.objects.get().secrets)
    said = invoke("destinations", "change", number, "--label", "CI")
    row = Destination.objects.get()
    assert (row.label, row.settings, unseal(row.secrets)) == ("CI", {"method": "PUT"}, before)
    assert said.stderr == ""
    invoke(
        "destinations",
        "change",
        number,
        "--set",
        "method=POST",
        "--set",
        "secret=-",
        stdin="whsec_" + "QUJD" * 11,
    )
    row.refresh_from_db()
    assert row.settings == {"method": "POST"}
    assert unseal(row.secrets) == before | {"secret": "whsec_" + "QUJD" * 11}


def test_a_change_of_the_address_drops_the_secret_and_says_so(invoke, ana):
    number = add(invoke, "user:ana", "webhook", "--set", f"url={URL}")
    before = unseal(Destination.objects.get().secrets)["secret"]
    done = invoke("destinations", "change", number, "--set", "url=https://example.net/")
    after = unseal(Destination.objects.get().secrets)["secret"]
    assert after != before
    assert "secret_cleared" in done.stderr
    assert f"secret: {after}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["change", "1"], "give --set or --label"),
        (["change", "99", "--label", "x"], "There is no destination '99'"),
        (["test", "99"], "There is no destination '99'"),
        (["test", "account-email-99"], "There is no destination 'account-email-99'"),
        (["test", "account-"], "There is no destination 'account-'"),
        (["test"], "Missing argument"),
        (["enable", "٣"], "There is no destination"),
        (["confirm", "99", "123456"], "There is no destination"),
        (["list", "--user", "ana", "--owner", "org:default"], "not both"),
        (["list", "--owner", "ana"], "Write user:ana or org:acme"),
        (["list", "--channel", "emial"], "Did you mean 'email'?"),
    ],
)
def test_wrong_names_are_a_line_each(invoke, ana, arguments, said):
    assert said in invoke("destinations", *arguments, code=2).stderr


def test_confirmed_by_the_code_that_was_sent(invoke, ana, settings):
    from tocsin.recipients import proof

    settings.TOCSIN = settings.TOCSIN | {"VERIFY_DESTINATIONS": ["memory"]}
    made = destinations.create(ana, "memory", {"name": "desk"}).destination
    code = proof.begin(made)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert "code: is another one" in invoke("destinations", "confirm", str(made.pk), wrong, code=2).stderr
    assert "is confirmed" in invoke("destinations", "confirm", str(made.pk), code).stdout
    assert rows(invoke)[0]["state"] == "in use"


def test_no_test_is_sent_while_one_of_the_names_is_wrong(invoke, ana):
    number = add(invoke, "user:ana", "memory", "--set", "name=desk")
    invoke("destinations", "test", number, "99", code=2)
    assert Destination.objects.get().tested_at is None


def test_every_destination_is_tried_whatever_became_of_the_others(invoke, ana):
    with HttpSink([Reply(status=410), Reply(status=503, body=b"out of order"), Reply()]) as sink:
        numbers = [add(invoke, "user:ana", "webhook", "--set", f"url={sink.url}s3cr3t{n}") for n in range(3)]
        done = invoke("destinations", "test", *numbers, code=1)
    gone, failing, good = done.stdout.splitlines()
    assert gone.startswith(f"✗ {numbers[0]} (webhook: http://127.0.0.1")
    assert "The address is gone for good." in gone
    assert gone.endswith("It is disabled now.")
    assert "The far side failed." in failing
    assert "503" in failing
    assert good.startswith("✓ ")
    assert "sent" in good
    assert "s3cr3t" not in done.output
    again = json.loads(invoke("destinations", "test", numbers[2], "--json", code=1).stdout)
    assert again == [{"id": numbers[2], "channel": "webhook", "label": again[0]["label"], "outcome": "none",
                      "sentence": again[0]["sentence"]}]  # fmt: skip
    assert "a moment ago" in again[0]["sentence"]


def test_secrets_that_no_key_opens_are_a_line(invoke, ana):
    number = add(invoke, "user:ana", "webhook", "--set", f"url={URL}")
    Destination.objects.update(secrets="gAAAAABunreadable")
    assert "cannot be read with today's keys" in invoke("destinations", "test", number, code=1).stdout


FAR_SIDES = {
    "webhook": lambda sink: ({}, {"url": f"{sink.url}s3cr3t"}),
    "slack": lambda sink: ({"SLACK_API_URL": sink.url}, {"token": "xoxb-1-s3cr3t", "channel": "C0123456"}),
    "msteams": lambda sink: ({"MSTEAMS_HOSTS": [sink.host]}, {"url": f"{sink.url}s3cr3t"}),
    "pagerduty": lambda sink: ({"PAGERDUTY_URL": sink.url}, {"routing_key": "s3cr3t" + "0" * 26}),
    "apprise": lambda sink: ({}, {"url": f"json://{sink.host}:{sink.port}/s3cr3t"}),
    "sms": lambda sink: (
        {"SMS_HTTP": {"url": sink.url, "user": "u", "password": "s3cr3t", "from": "+4740000001"}},
        {"phone_number": "+4740000000"},
    ),
}
"""Keys of TOCSIN and the settings of a destination, for a provider that is the sink."""
ANSWERS = {
    "slack": b'{"ok": true, "ts": "1.2", "channel": "C0123456"}',
    "pagerduty": b'{"status": "success"}',
    "sms": b'{"sid": "SM1"}',
}


@pytest.mark.parametrize("channel", FAR_SIDES)
def test_the_real_outcome_at_a_provider(invoke, ana, settings, channel):
    if channel not in registry.channels():
        pytest.skip(f"{channel} is not installed")
    with HttpSink([Reply(body=ANSWERS.get(channel, b"")), Reply(status=400)]) as sink:
        needed, given = FAR_SIDES[channel](sink)
        settings.TOCSIN = settings.TOCSIN | needed
        number = add(invoke, "user:ana", channel, "--settings", json.dumps(given))
        sent = invoke("destinations", "test", number)
        Destination.objects.update(tested_at=None)
        refused = invoke("destinations", "test", number, code=1)
    assert sent.stdout.startswith("✓ ")
    assert refused.stdout.startswith("✗ ")
    assert "s3cr3t" not in sent.output + refused.output
    assert len(sink.requests) == 2


def test_the_real_outcome_from_a_shell(shell):
    """The whole way, as an operator goes it: a process of its own, and a far side that takes it."""
    shell.variables["TOCSIN_ALLOWED_PRIVATE_NETWORKS"] = "127.0.0.0/8"
    with HttpSink() as sink:
        number = shell.run("destinations", "add", "user:ana", "webhook", "--set", f"url={sink.url}")
        assert shell.run("destinations", "test", number).startswith(f"✓ {number} (webhook: http://127.0.0.1")
    assert len(sink.requests) == 1


def test_an_account_address_is_tested_from_a_shell(shell, relay):
    assert shell.run("destinations", "test", "account-email-1").startswith("✓ account-email-1 (email: ana@")
    assert [message.recipients for message in relay.accepted] == [["ana@example.org"]]
