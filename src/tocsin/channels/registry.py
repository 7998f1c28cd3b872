"""Which channels there are. Loads by dotted path and names no spoke but in the table of built-in ones."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from tocsin import conf
from tocsin.channels.base import Channel
from tocsin.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT_IN = {
    "email": "tocsin.channels.email.EmailChannel",
    "webhook": "tocsin.channels.webhook.WebhookChannel",
    "memory": "tocsin.channels.memory.MemoryChannel",
    "message": "tocsin.inbox.channel.MessageChannel",
    "header_message": "tocsin.inbox.channel.HeaderMessageChannel",
    "alert": "tocsin.inbox.channel.AlertChannel",
}
RESERVED = frozenset({"plan", "action"})


@cache
def channels() -> dict[str, Channel]:
    """Every channel that could be loaded, by slug. What could not is told by `problems()`."""
    return _load()[0]


def problems() -> list[FieldError]:
    """Why a configured channel is not there, for the system checks."""
    return _load()[1]


def get(slug: str) -> Channel:
    """The channel called `slug`. Raises `InvalidInput` naming the nearest one."""
    return channels()[conf.check_slug("channel", slug, channels())]


def _load() -> tuple[dict[str, Channel], list[FieldError]]:
    found: dict[str, Channel] = {}
    wrong = []
    for slug, path in (BUILT_IN | conf.get("CHANNELS")).items():
        try:
            found[slug] = _instance(slug, path)
        except (ImportError, TypeError, ValueError) as error:
            wrong.append(
                FieldError(
                    f"TOCSIN['CHANNELS'][{slug!r}]",
                    f"cannot be used: {error}.",
                    "Install what it needs, or take the entry out.",
                )
            )
    return found, wrong


def _instance(slug: str, path: str) -> Channel:
    if slug in RESERVED:
        raise ValueError("the name is reserved")
    made = import_string(path)()
    if not isinstance(made, Channel):
        raise TypeError(f"{path} is no subclass of tocsin.channels.base.Channel")
    if made.slug != slug:
        raise ValueError(f"{path} calls itself {made.slug!r}")
    return made


def _forget(**given: Any) -> None:
    if given["setting"] == "TOCSIN":
        channels.cache_clear()


setting_changed.connect(_forget)


def in_app() -> Iterator[Channel]:
    """The channels whose far side is our own inbox."""
    return (channel for channel in channels().values() if channel.in_app)
