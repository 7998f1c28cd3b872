"""`tocsin secrets`: the keys that seal secrets, and how they are exchanged without anything becoming unreadable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tocsin.cli.failures import Failure
from tocsin.cli.lazy import Command, is_standalone
from tocsin.cli.output import program, warn

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.deliveries.rotation import Rotated

NEW_KEY_EXAMPLE = """
tocsin secrets new-key           # then restart server and workers
tocsin secrets rotate            # then restart them again
tocsin secrets drop-old-keys
"""


@click.group("secrets")
def secrets() -> None:
    """Change the keys that seal secrets.

    Three commands with a restart of server and workers after each of the first two; each says what comes next.
    """


@secrets.command("new-key", cls=Command, example=NEW_KEY_EXAMPLE)
def new_key() -> None:
    """Add a key that everything can read with and nothing seals with yet.

    Where the keys are kept in the home it is written there; elsewhere it is printed, to be put last into SECRET_KEYS.
    """
    from tocsin.server import home, keys

    folder = _home()
    if folder is None:
        _print_key(home.new_secret_key())
        return
    keys.change(folder, lambda old: old.with_next(home.new_secret_key()))
    click.echo(f"A new key is in {folder / home.KEYS_FILE}. Nothing is sealed with it yet.")
    _next("Restart server and workers, so that all of them can read with it. Then:", "rotate")


@secrets.command("rotate", cls=Command, example="tocsin secrets rotate")
def rotate() -> None:
    """Seal every secret anew with the newest key. Safe to interrupt, to run again, and beside workers.

    A key that `new-key` has put into the home becomes the first. Exit code 1 where some cannot be read.
    """
    from tocsin.deliveries import rotation

    folder = _home()
    if folder is not None:
        _promote(folder)
    done = rotation.rotate()
    _tell(done)
    if folder is not None:
        from tocsin.server import keys

        if len(keys.read(folder).in_force) > 1:
            _next("Restart server and workers again, so that they seal with it. Then:", "drop-old-keys")
    if done.unreadable:
        sys.exit(1)


@secrets.command("drop-old-keys", cls=Command, example="tocsin secrets drop-old-keys")
def drop_old_keys() -> None:
    """Take all keys but the newest out of the home, once nothing is sealed with them.

    What was sealed with an old one since `rotate` is sealed anew first.
    """
    from tocsin.deliveries import rotation
    from tocsin.server import home, keys

    folder = _home()
    if folder is None:
        raise Failure(
            "The keys are not kept in the home. Run rotate, then take the old ones out of SECRET_KEYS."
        )
    before = keys.read(folder)
    if before.without_old() == before:
        click.echo("There are no old keys.")
        return
    _refuse_unless_restarted(folder)
    _tell(rotation.rotate())
    keys.change(folder, keys.Keys.without_old)
    click.echo(f"Only the newest key is left in {folder / home.KEYS_FILE}.")
    click.echo("Backups of the database from before need the file of keys from then.", err=True)


def _home() -> Path | None:
    """The home, where the keys are kept in it; None where the operator gives them."""
    if not is_standalone():
        return None
    import os

    from tocsin.server import settings, variables

    return None if variables.tocsin_settings(os.environ).get("SECRET_KEYS") else settings.HOME


def _promote(folder: Path) -> None:
    from django.conf import settings

    from tocsin.server import keys

    if keys.read(folder).waiting:
        _refuse_unless_restarted(folder)
    now = keys.change(folder, keys.Keys.promoted)
    # This process has read its keys before the new one became the first.
    settings.TOCSIN["SECRET_KEYS"] = now.all


def _refuse_unless_restarted(folder: Path) -> None:
    """What has run since before the file was changed could not read, or would still seal with an old key."""
    from tocsin.engines import heartbeat
    from tocsin.server import keys

    old = heartbeat.live_workers().filter(started_at__lt=keys.changed_at(folder))
    if names := ", ".join(old.values_list("name", flat=True)):
        raise Failure(
            f"These run since before the keys were changed, and do not know it: {names}.",
            f"Restart them and try again. What was killed is forgotten after {heartbeat.SILENT_SECONDS:.0f} s.",
        )


def _print_key(key: str) -> None:
    from tocsin import conf

    place = "TOCSIN_SECRET_KEYS" if is_standalone() else 'TOCSIN["SECRET_KEYS"]'
    what = "it"
    if not conf.get("SECRET_KEYS"):
        click.echo(conf.secret_keys()[0].decode())
        what = "both, in this order"
        click.echo(
            "The first one is in force today: it was derived from SECRET_KEY, and has to stay.", err=True
        )
    click.echo(key)
    for step in (
        f"1. Put {what} at the end of {place}, and restart everything: now all can read with the new one.",
        "2. Move the new one to the front, and restart everything: now all seal with it.",
        f"3. Run: {program()} secrets rotate",
        "4. Once that finds nothing to seal anew, take the old ones out.",
    ):
        click.echo(step, err=True)


def _tell(done: Rotated) -> None:
    click.echo(f"{done.seen} sealed secrets seen, {done.resealed} sealed anew.")
    for name in done.unreadable:
        warn(f"{name} cannot be read with any of today's keys.")
    if done.unreadable:
        warn("Put the key that is missing back at the end, or give those secrets again.")


def _next(what: str, command: str) -> None:
    click.echo(f"{what} {program()} secrets {command}", err=True)
