"""`tocsin webpush`: the keys by which push services know this site, and how they are exchanged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from tocsin.cli.failures import Failure
from tocsin.cli.lazy import Command, is_standalone
from tocsin.cli.output import as_json_option, print_json, print_rows, warn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EXAMPLE = """
tocsin webpush keys
tocsin webpush keys --rotate
tocsin webpush keys --drop-old
"""


@click.group("webpush")
def webpush() -> None:
    """Web push: notifications of browsers."""


@webpush.command("keys", cls=Command, example=EXAMPLE)
@click.option("--rotate", is_flag=True, help="Make a new key and put it in front. The old ones stay.")
@click.option("--drop-old", is_flag=True, help="Take away the old keys that no destination uses.")
@click.option("--force", is_flag=True, help="With --drop-old: those that destinations use as well.")
@as_json_option
def keys(*, rotate: bool, drop_old: bool, force: bool, as_json: bool) -> None:
    """Show each public key, newest first, and how many destinations live under it. Makes the first key.

    Browsers subscribe under the newest key, and stay under theirs until their page is opened again: so an old one
    goes only when nobody uses it. Private keys are kept in the home; where the settings give them, a new one is
    printed, to be put there.
    """
    from tocsin import conf
    from tocsin.channels import registry

    registry.get("webpush")
    if (rotate and drop_old) or (force and not drop_old):
        raise click.UsageError("Give one of --rotate and --drop-old; --force goes with --drop-old.")
    folder, known, counts = _home(), tuple(conf.get("WEBPUSH_KEYS")), used()
    if folder is None and (rotate or not known):
        _print_key(known)
        return
    left = known
    if drop_old:
        left = _drop(folder, known, counts, force=force)
    elif folder is not None and (rotate or not known):
        left = _add(folder, known)
    _show(left, counts, as_json=as_json)
    if drop_old and not force and any(_uses(left, counts)[1:]):
        raise Failure(
            "Keys that destinations use stay: without them, their people would have no push.",
            "Their browsers take the newest key when the inbox is opened next. --force does not wait for it.",
        )


def _home() -> Path | None:
    """The home, where the keys are kept in it; None where the operator gives them."""
    if not is_standalone():
        return None
    import os

    from tocsin.server import settings, variables

    return None if variables.tocsin_settings(os.environ).get("WEBPUSH_KEYS") else settings.HOME


def used() -> Counter[str]:
    """How many usable destinations there are under each public key; "" for those that name none."""
    from tocsin.recipients.models import Destination

    found = Destination.objects.filter(channel="webpush").usable()
    return Counter(key or "" for key in found.values_list("settings__key", flat=True).iterator())


def lost(public_keys: Sequence[str], counts: Mapping[str, int]) -> int:
    """How many destinations live under other keys than these."""
    return sum(count for key, count in counts.items() if key and key not in public_keys)


def _uses(private_keys: Sequence[str], counts: Mapping[str, int]) -> list[int]:
    """The number of destinations of each key; who names none means the first."""
    from tocsin.vapid import pairs

    uses = [counts.get(public, 0) for public in pairs(private_keys)]
    return [count + (0 if place else counts.get("", 0)) for place, count in enumerate(uses)]


def _add(folder: Path, known: tuple[str, ...]) -> tuple[str, ...]:
    """Put a new key in front, in the file in the home."""
    from tocsin.server import home, webpush_keys
    from tocsin.vapid import new_key

    rotated = known and webpush_keys.change(folder, lambda old: (new_key(), *old))
    left = rotated or webpush_keys.first(folder)
    click.echo(f"A new key is in {folder / home.WEBPUSH_FILE}; back it up with the database.", err=True)
    _restart()
    return left


def _restart() -> None:
    click.echo(
        "Restart the workers, and then the server: from then on browsers subscribe under it.", err=True
    )


def _print_key(known: tuple[str, ...]) -> None:
    """What goes into the settings, alone on stdout; what to do with it beside. No old key is repeated."""
    from tocsin.vapid import new_key

    if known:
        place = "TOCSIN_WEBPUSH_KEYS" if is_standalone() else 'TOCSIN["WEBPUSH_KEYS"]'
        click.echo(new_key())
        click.echo(f"Put it first into {place}, and leave those that are there.", err=True)
    else:
        click.echo(f'"WEBPUSH_KEYS": ["{new_key()}"],')
        click.echo("Put this line into TOCSIN; whoever knows the key can push in this site's name.", err=True)
    _restart()


def _drop(
    folder: Path | None, known: tuple[str, ...], counts: Mapping[str, int], *, force: bool
) -> tuple[str, ...]:
    """Take away old keys: all with `force`, else those that no destination uses."""
    if len(known) < 2:
        click.echo("There are no old keys.", err=True)
        return known
    if folder is not None:
        from tocsin.server import webpush_keys

        left = webpush_keys.change(folder, lambda old: _kept(old, counts, force=force))
    else:
        left = _kept(known, counts, force=force)
        places = ", ".join(str(place) for place, key in enumerate(known, 1) if key not in left)
        if places:
            click.echo(f"Of WEBPUSH_KEYS, take out no. {places}, and restart everything.", err=True)
    return left


def _kept(private_keys: tuple[str, ...], counts: Mapping[str, int], *, force: bool) -> tuple[str, ...]:
    uses = _uses(private_keys, counts)
    return tuple(key for place, key in enumerate(private_keys) if not place or (uses[place] and not force))


def _show(private_keys: Sequence[str], counts: Mapping[str, int], *, as_json: bool) -> None:
    from tocsin.vapid import pairs

    public = list(pairs(private_keys))
    uses = _uses(private_keys, counts)
    if as_json:
        print_json([{"key": key, "destinations": count} for key, count in zip(public, uses, strict=True)])
    else:
        print_rows(
            ("Public key", "Destinations"), zip(public, uses, strict=True), empty="There are no keys yet."
        )
    if strangers := lost(public, counts):
        warn(
            f"{strangers} destinations live under keys that are not here any more: they have no push until their "
            f"people open the inbox again. If a key was lost by mistake, put it back."
        )
