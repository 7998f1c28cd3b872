"""`tocsin secrets`: the first key is exchanged, and at no step can anybody not read what another sealed."""

from __future__ import annotations

import base64
import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise

import pytest
from cryptography.fernet import Fernet

from tests.cli.shell import eventually
from tests.servers.http_sink import HttpSink
from tocsin.errors import Conflict, InvalidInput
from tocsin.recipients import secrets as sealing
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.server import home, keys
from tocsin.tenants.organizations import implicit

OLD, NEW, THIRD = (base64.urlsafe_b64encode(name * 32).decode() for name in (b"o", b"n", b"t"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / home.KEYS_FILE).write_text(f"{OLD}\n")
    return tmp_path


def lines(folder):
    return (folder / home.KEYS_FILE).read_text().splitlines()


def use(settings, *found):
    settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": list(found)}


# --- the steps


def test_whoever_runs_at_any_step_reads_what_any_other_seals():
    """At each step there are processes that started in it and in the one before; older ones are refused."""
    first = keys.Keys((OLD,))
    steps = [first, first.with_next(NEW), first.with_next(NEW).promoted(), keys.Keys((NEW,))]
    assert steps[2].without_old() == steps[3]
    for before, after in pairwise(steps):
        for sealer in (before, after):
            for reader in (before, after):
                assert sealer.all[0] in reader.all, (sealer, reader)


def test_no_step_is_taken_out_of_turn():
    waiting = keys.Keys((OLD,)).with_next(NEW)
    with pytest.raises(Conflict, match="waits already"):
        waiting.with_next(THIRD)
    with pytest.raises(Conflict, match="waits to be used"):
        waiting.without_old()
    assert keys.Keys((OLD,)).promoted() == keys.Keys((OLD,))


def test_the_whole_way_beside_a_worker_that_is_never_unable_to_read(shell):
    """A real worker delivers to a webhook whose secrets are sealed with whatever key is the first by then."""
    shell.variables |= {"TOCSIN_ENGINE": "worker", "TOCSIN_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}
    [old] = lines(shell.home)
    with HttpSink() as sink:
        url = f"url={sink.url}s3cr3t-t0ken"
        numbers = [shell.run("destinations", "add", "user:ana", "webhook", "--set", f"{url}/0")]
        with shell.started("worker") as worker:
            eventually(lambda: beats(shell.home))
            added = shell.attempt("secrets", "new-key")
            assert "Restart server and workers" in added.stderr
            assert lines(shell.home)[0] == old
            assert lines(shell.home)[1].endswith("# next")
            refused = shell.refused("secrets", "rotate", code=1)
            assert "since before the keys were changed" in refused
            assert lines(shell.home)[0] == old
            worker.end()
        with shell.started("worker") as worker:
            eventually(lambda: beats(shell.home))
            rotated = shell.attempt("secrets", "rotate")
            assert "1 sealed secrets seen, 1 sealed anew." in rotated.stdout
            assert "tocsin secrets drop-old-keys" in rotated.stderr
            assert lines(shell.home)[1] == old
            numbers.append(shell.run("destinations", "add", "user:ana", "webhook", "--set", f"{url}/1"))
            to = [part for number in numbers for part in ("--to", f"destination:{number}")]
            shell.run("notify", "drill", "--title", "x", *to)
            sink.wait_for(2)
            assert "since before the keys were changed" in shell.refused("secrets", "drop-old-keys", code=1)
            worker.end()
    shell.run("secrets", "drop-old-keys")
    assert len(lines(shell.home)) == 1
    assert old not in lines(shell.home)
    assert "no old keys" in shell.run("secrets", "drop-old-keys")


def beats(folder):
    with closing(sqlite3.connect(folder / "tocsin.sqlite3")) as database:
        return database.execute("SELECT count(*) FROM tocsin_worker").fetchone()[0]


def test_an_interrupted_rotation_is_run_again_and_the_last_step_seals_what_came_since(shell):
    [old] = lines(shell.home)
    new = keys.change(shell.home, lambda found: found.with_next(NEW)).waiting
    restarted = {"TOCSIN_SECRET_KEYS": f"{old},{new}"}  # as a server that was started before the rotation
    add = ("destinations", "add", "user:ana", "webhook", "--set")
    shell.run(*add, "url=https://example.org/a", **restarted)
    keys.change(shell.home, keys.Keys.promoted)  # and there it died
    assert "1 sealed secrets seen, 1 sealed anew." in shell.run("secrets", "rotate")
    shell.run(*add, "url=https://example.org/b", **restarted)
    assert "2 sealed secrets seen, 1 sealed anew." in shell.run("secrets", "drop-old-keys")
    assert lines(shell.home) == [new]
    assert "2 sealed secrets seen, 0 sealed anew." in shell.run("secrets", "rotate")


# --- rotate


def test_rotate_seals_with_the_newest_and_names_what_nobody_can_read(invoke, settings):
    use(settings, OLD)
    made = [add_destination(implicit(), "webhook", {"url": f"https://example.org/{n}"}) for n in range(3)]
    use(settings, THIRD)
    lost = add_destination(implicit(), "webhook", {"url": "https://example.org/lost"})
    use(settings, NEW, OLD)
    done = invoke("secrets", "rotate", code=1)
    assert "4 sealed secrets seen, 3 sealed anew." in done.stdout
    assert f"destination {lost.pk} cannot be read" in done.stderr
    assert "destination " + str(made[0].pk) not in done.stderr
    use(settings, NEW)
    for one in made:
        one.refresh_from_db()
        assert sealing.unseal(one.secrets)["url"].startswith("https://example.org/")
    lost.delete()
    assert "3 sealed secrets seen, 0 sealed anew." in invoke("secrets", "rotate").stdout


# --- where the operator keeps the keys


def test_in_a_project_the_new_key_is_printed_alone_with_the_steps_beside(invoke, settings):
    use(settings, OLD)
    done = invoke("secrets", "new-key")
    Fernet(done.stdout.strip())
    assert 'at the end of TOCSIN["SECRET_KEYS"]' in done.stderr
    assert "secrets rotate" in done.stderr
    assert "not kept in the home" in invoke("secrets", "drop-old-keys", code=1).stderr


def test_a_derived_key_is_printed_too_so_that_what_it_sealed_can_be_read(invoke, settings):
    made = add_destination(implicit(), "webhook", {"url": "https://example.org/a"})
    first, second = invoke("secrets", "new-key").stdout.split()
    use(settings, first, second)
    assert sealing.unseal(made.secrets)["url"] == "https://example.org/a"
    use(settings, second, first)
    invoke("secrets", "rotate")
    use(settings, second)
    assert sealing.unseal(Destination.objects.get().secrets)["url"] == "https://example.org/a"


def test_keys_that_are_given_by_a_variable_leave_the_file_alone(shell):
    before = lines(shell.home)
    done = shell.attempt("secrets", "new-key", TOCSIN_SECRET_KEYS=OLD)
    Fernet(done.stdout.strip())
    assert "TOCSIN_SECRET_KEYS" in done.stderr
    assert "not kept in the home" in shell.refused("secrets", "drop-old-keys", code=1, TOCSIN_SECRET_KEYS=OLD)
    assert lines(shell.home) == before


# --- the file


@pytest.mark.parametrize(
    ("text", "in_force", "waiting"),
    [
        (f"{OLD}\n", (OLD,), ""),
        (f"# ours, since spring\n{NEW} {OLD}\n\n", (NEW, OLD), ""),
        (f"{OLD}\n{NEW}  # next\n", (OLD,), NEW),
        (f"{OLD}\n{NEW} # next\n{THIRD} # next\n", (OLD, THIRD), NEW),
        (f"{OLD}\n # next\n", (OLD,), ""),
    ],
)
def test_the_file_is_read_as_the_server_reads_it(tmp_path, text, in_force, waiting):
    (tmp_path / home.KEYS_FILE).write_text(text)
    found = keys.read(tmp_path)
    assert (found.in_force, found.waiting) == (in_force, waiting)
    assert sorted(home.kept(tmp_path, home.KEYS_FILE, home.new_secret_key).split()) == sorted(found.all)


def test_a_file_without_a_key_in_force_is_refused(tmp_path):
    (tmp_path / home.KEYS_FILE).write_text(f"{NEW}  # next\n")
    with pytest.raises(InvalidInput, match="no key in force"):
        keys.read(tmp_path)


def test_the_file_stays_private_and_its_owners(folder):
    path = folder / home.KEYS_FILE
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    owner = path.stat().st_uid
    keys.change(folder, lambda old: old.with_next(NEW))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_uid == owner
    assert [entry.name for entry in folder.iterdir()] == [home.KEYS_FILE]


def test_a_file_that_is_a_link_stays_one(folder, tmp_path):
    place = tmp_path / "elsewhere"
    place.mkdir()
    (folder / home.KEYS_FILE).rename(place / "keys")
    (folder / home.KEYS_FILE).symlink_to(place / "keys")
    keys.change(folder, lambda old: old.with_next(NEW))
    assert (folder / home.KEYS_FILE).is_symlink()
    assert NEW in (place / "keys").read_text()


def test_a_disk_that_fails_leaves_the_old_file_whole(folder, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        keys.change(folder, lambda old: old.with_next(NEW))
    assert lines(folder) == [OLD]
    assert [entry.name for entry in folder.iterdir()] == [home.KEYS_FILE]


def test_of_many_who_add_a_key_at_once_one_does(folder):
    def add(_):
        try:
            return keys.change(folder, lambda old: old.with_next(home.new_secret_key())).waiting
        except Conflict:
            return ""

    with ThreadPoolExecutor(8) as pool:
        made = [key for key in pool.map(add, range(24)) if key]
    assert lines(folder) == [OLD, f"{made[0]}  # next"]
    assert len(made) == 1
