"""Feeds for tests: what one claim returned, and what further claims would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class ListFeed(Generic[T]):
    """Gives `first`, then `later` in pieces as large as asked for. `asked` remembers how many were."""

    def __init__(self, first: Iterable[T], later: Iterable[T] = ()) -> None:
        self._first = list(first)
        self.later = list(later)
        self.asked: list[int] = []

    def __iter__(self) -> Iterator[T]:
        return iter(self._first)

    def more(self, free: int) -> list[T]:
        self.asked.append(free)
        given, self.later = self.later[:free], self.later[free:]
        return given
