"""A feed that gives out one message per token at a time: GitHub asks for requests one after another."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tocsin.channels.base import Feed, Message


class Turns:
    """The messages of `feed`; of those with an equal `key` the next follows when the last was ended by `end`."""

    def __init__(self, feed: Feed, key: Callable[[Message], str], most_held: int) -> None:
        self._feed, self._key, self._most_held = feed, key, most_held
        self._held: deque[Message] = deque()
        self._under_way: set[str] = set()

    def __iter__(self) -> Iterator[Message]:
        return iter(self._sorted(self._feed))

    def more(self, free: int) -> list[Message]:
        """Up to `free` whose turn it is. No more are claimed while many wait for their turn."""
        waiting, self._held = self._held, deque()
        given = self._sorted(waiting, free)
        room = min(free - len(given), self._most_held - len(self._held))
        return given + self._sorted(self._feed.more(room), room) if room > 0 else given

    def end(self, message: Message) -> None:
        """The message is over: the next of its token may follow."""
        self._under_way.discard(self._key(message))

    def _sorted(self, messages: Iterable[Message], most: int | None = None) -> list[Message]:
        """Those whose turn it is, `most` at most; the others are held."""
        given: list[Message] = []
        for message in messages:
            key = self._key(message)
            if key in self._under_way or len(given) == most:
                self._held.append(message)
            else:
                self._under_way.add(key)
                given.append(message)
        return given
