"""What many messages of one batch say alike is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.channels.base import EventView, Message

KEPT = 64


class Pages:
    """What `write` makes of a message's events, action, language and lateness; it must not look at anything else."""

    def __init__(self, write: Callable[[Message], bytes]) -> None:
        self._write = write
        self._kept: dict[tuple[tuple[int, ...], str, str, bool], tuple[tuple[EventView, ...], bytes]] = {}

    def of(self, message: Message) -> bytes:
        """The page of a message. Raises what `write` raises."""
        # Keyed by identity: the kept reference keeps the ids from being used again.
        key = (tuple(map(id, message.events)), message.action, message.locale, message.is_late)
        if found := self._kept.get(key):
            return found[1]
        if len(self._kept) >= KEPT:
            self._kept.clear()
        page = self._write(message)
        self._kept[key] = (message.events, page)
        return page
