"""`tocsin webpush keys`: made, shown, exchanged; and nobody is left without a push unasked."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model

from tests.servers.push_service import make_vapid_key
from tocsin import vapid
from tocsin.cli import webpush as command
from tocsin.recipients.destinations import add_destination, disable
from tocsin.server import home, webpush_keys

SOME = [make_vapid_key() for _ in range(3)]
NEW, OLD, OLDEST = (private for private, _ in SOME)
NEW_PUBLIC, OLD_PUBLIC, OLDEST_PUBLIC = (public for _, public in SOME)


@pytest.fixture
def kept(db, tmp_path, settings, monkeypatch):
    """As on a standalone server: the keys are in the home, and each command begins with what is there."""
    monkeypatch.setattr(command, "_home", lambda: tmp_path)

    def keep(*keys):
        if keys:
            (tmp_path / home.WEBPUSH_FILE).write_text("\n".join(keys) + "\n")
        found = home.found(tmp_path, home.WEBPUSH_FILE)
        settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": found}
        return found

    return keep


@pytest.fixture
def browsers(db):
    """Adds destinations under a public key."""
    ana = get_user_model().objects.create_user("ana")

    def subscribe(key, count=1):
        made = []
        for _ in range(count):
            point = make_vapid_key()[1]
            endpoint = f"https://push.example/{point}"
            given = {"endpoint": endpoint, "p256dh": point, "auth": "A" * 22, "key": key}
            made.append(add_destination(ana, "webpush", given))
        return made

    return subscribe


def rows(done):
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


# --- in the home


def test_the_first_key_is_made_once_and_is_private(invoke, kept, tmp_path):
    done = invoke("webpush", "keys")
    [key] = kept()
    file = tmp_path / home.WEBPUSH_FILE
    assert rows(done) == [(*vapid.pairs([key]), "0")]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in done.output
    assert "Restart the workers, and then the server" in done.stderr
    again = invoke("webpush", "keys")
    assert rows(again) == rows(done)
    assert "Restart" not in again.stderr
    assert kept() == (key,)


def test_a_rotation_puts_a_new_one_in_front_and_leaves_the_others(invoke, kept, browsers):
    kept(OLD)
    browsers(OLD_PUBLIC, 2)
    done = invoke("webpush", "keys", "--rotate")
    new, old = kept()
    assert old == OLD
    assert rows(done) == [(*vapid.pairs([new]), "0"), (OLD_PUBLIC, "2")]
    assert not {new, old} & set(done.output.split())


def test_old_keys_go_when_nobody_uses_them(invoke, kept, browsers):
    kept(NEW, OLD, OLDEST)
    used, unused = browsers(OLD_PUBLIC)[0], browsers(OLDEST_PUBLIC)[0]
    disable(unused, "gone")
    done = invoke("webpush", "keys", "--drop-old", code=1)
    assert kept() == (NEW, OLD)
    assert "their people would have no push" in done.stderr
    disable(used, "gone")
    assert rows(invoke("webpush", "keys", "--drop-old")) == [(NEW_PUBLIC, "0")]
    assert kept() == (NEW,)
    assert "There are no old keys" in invoke("webpush", "keys", "--drop-old").stderr


def test_force_takes_keys_from_people_and_says_from_how_many(invoke, kept, browsers):
    kept(NEW, OLD)
    browsers(OLD_PUBLIC, 3)
    done = invoke("webpush", "keys", "--drop-old", "--force")
    assert kept() == (NEW,)
    assert "3 destinations live under keys that are not here" in done.stderr


def test_json_has_no_private_key(invoke, kept, browsers):
    kept(NEW, OLD)
    browsers(NEW_PUBLIC)
    done = invoke("webpush", "keys", "--json")
    assert json.loads(done.stdout) == [
        {"key": NEW_PUBLIC, "destinations": 1},
        {"key": OLD_PUBLIC, "destinations": 0},
    ]


@pytest.mark.parametrize("options", [("--rotate", "--drop-old"), ("--force",), ("--rotate", "--force")])
def test_options_that_do_not_go_together_change_nothing(invoke, kept, options):
    kept(OLD)
    assert "--force goes with --drop-old" in invoke("webpush", "keys", *options, code=2).stderr
    assert kept() == (OLD,)


def test_of_many_who_begin_at_once_all_have_one_key_and_no_rotation_is_lost(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(webpush_keys.first, [tmp_path] * 8))) == 1
        [first] = webpush_keys.first(tmp_path)
        list(pool.map(lambda _: webpush_keys.change(tmp_path, lambda old: (vapid.new_key(), *old)), range(8)))
    found = home.found(tmp_path, home.WEBPUSH_FILE)
    assert len(set(found)) == 9
    assert found[-1] == first


# --- where the operator keeps the keys


def test_in_a_project_the_line_for_the_settings_is_printed_alone(invoke):
    done = invoke("webpush", "keys")
    given = json.loads(f"{{{done.stdout.strip().rstrip(',')}}}")
    assert vapid.keys_problem(given["WEBPUSH_KEYS"]) == ""
    assert "into TOCSIN" in done.stderr


def test_in_a_project_a_rotation_prints_the_new_key_alone(invoke, settings):
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [OLD]}
    done = invoke("webpush", "keys", "--rotate")
    assert vapid.keys_problem([done.stdout.strip(), OLD]) == ""
    assert 'first into TOCSIN["WEBPUSH_KEYS"]' in done.stderr
    assert OLD not in done.output


def test_in_a_project_it_says_which_can_be_taken_out(invoke, settings, browsers):
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [NEW, OLD, OLDEST]}
    browsers(OLDEST_PUBLIC)
    done = invoke("webpush", "keys", "--drop-old", code=1)
    assert "take out no. 2, and restart" in done.stderr
    assert not {NEW, OLD, OLDEST} & set(done.output.split())


# --- a server of its own


def test_a_server_begins_with_the_file_and_a_variable_goes_before_it(shell):
    made = shell.attempt("webpush", "keys")
    assert made.returncode == 0, made.stderr
    public = made.stdout.split()[0]
    assert shell.json("webpush", "keys") == [{"key": public, "destinations": 0}]
    given = shell.run("webpush", "keys", TOCSIN_WEBPUSH_KEYS=f"{NEW},{OLD}")
    assert given.split() == [NEW_PUBLIC, "0", OLD_PUBLIC, "0"]
    printed = shell.attempt("webpush", "keys", "--rotate", TOCSIN_WEBPUSH_KEYS=NEW)
    assert vapid.keys_problem([printed.stdout.strip()]) == ""
    assert "TOCSIN_WEBPUSH_KEYS" in printed.stderr


# --- the doctor


def doctor(invoke):
    found = json.loads(invoke("doctor", "--json", code=None).stdout)
    return [(one["status"], one["message"]) for one in found if one["check"] == "webpush"]


def test_the_doctor_misses_keys_that_browsers_live_under(invoke, settings, browsers):
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [NEW, OLD], "FROM_EMAIL": "ops@example.org"}
    assert doctor(invoke) == []
    browsers(OLD_PUBLIC)
    assert doctor(invoke) == [("ok", "1 destinations, contact mailto:ops@example.org")]
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [NEW]}
    [(status, message)] = doctor(invoke)
    assert status == "warning"
    assert message.startswith("1 destinations live under keys that are not here")


def test_the_doctor_names_a_contact_that_apple_refuses(invoke, settings, browsers):
    settings.TOCSIN = settings.TOCSIN | {"WEBPUSH_KEYS": [NEW], "FROM_EMAIL": "tocsin@localhost"}
    browsers(NEW_PUBLIC)
    [(status, message)] = doctor(invoke)
    assert (status, "Apple" in message) == ("warning", True)
