"""Coming from Argus: its notification plugins run as channels, its settings are read as they stand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings

from tocsin import conf
from tocsin.channels import offers

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "argus"
PLUGINS = "MEDIA_PLUGINS"
MEDIA = "argus.notificationprofile.media"
SERVED = {
    f"{MEDIA}.base": "tocsin.adapters.argus.base",
    f"{MEDIA}.email": "tocsin.adapters.argus.own",
    f"{MEDIA}.sms_as_email": "tocsin.adapters.argus.own",
    "argus.notificationprofile.models": "tocsin.adapters.argus.views",
    "argus.incident.models": "tocsin.adapters.argus.views",
    "argus.auth.models": "tocsin.adapters.argus.views",
    "argus.util.datetime_utils": "tocsin.adapters.argus.views",
}
OURS = (f"{MEDIA}.email.EmailNotification", f"{MEDIA}.sms_as_email.SMSNotification")
"""Plugins that our own channels stand in for."""
LENT = {"SMS_GATEWAY_ADDRESS": "SMS_GATEWAY_ADDRESS", "SUBJECT_PREFIX": "NOTIFICATION_SUBJECT_PREFIX"}
"""Settings of ours, and those of Django's in which Argus has the same."""


def install() -> None:
    """Offer the plugins as channels, and read Argus's settings where ours are not given."""
    conf.watch(PLUGINS)
    offers.add_source(_plugins)
    for ours, theirs in LENT.items():
        conf.watch(theirs)
        conf.lend(ours, partial(_theirs, theirs))


def _theirs(name: str) -> Any:
    return getattr(settings, name, "") if is_on() else ""


def is_on() -> bool:
    """Whether the settings name this adapter (still)."""
    return NAME in conf.get("ADAPTERS")


def _plugins() -> Iterator[offers.Offer]:
    """One channel for each plugin. One that cannot be loaded is told, and costs the others nothing."""
    from tocsin.adapters.argus.channel import channel_of, unfit

    if not is_on():
        return
    given: Any = getattr(settings, PLUGINS, ())
    first: dict[str, str] = {}
    for index, path in enumerate(given if isinstance(given, list | tuple) else [given]):
        if path in OURS:
            continue
        field = f"{PLUGINS}[{index}]"
        offer = channel_of(path, field, index)
        twin = first.setdefault(offer.slug, field)
        if twin == field:
            yield offer
        else:
            yield unfit(
                field, index, offers.Unfit(f"has the slug {offer.slug!r} of {twin}", "Keep one of the two.")
            )
