"""A feed of one, for whoever sends a single message by the way of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class Only(Generic[T]):
    """Gives what it holds, and then nothing more: a `base.Feed` and an `http.Source`."""

    def __init__(self, item: T) -> None:
        self._item = item

    def __iter__(self) -> Iterator[T]:
        yield self._item

    def more(self, free: int) -> list[T]:
        return []
