"""The file of keys in the home, and the three steps in which its first key is exchanged.

A new key is put last, where every process that starts reads it and none seals with it. Once all have been started
anew it becomes the first. The old ones go when nothing is sealed with them any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tocsin.errors import Conflict, invalid
from tocsin.server import home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEXT = "next"
"""The comment behind a key that nothing is sealed with yet."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is in the file: the keys in force, newest first, and the one that waits for its turn."""

    in_force: tuple[str, ...]
    waiting: str = ""

    def with_next(self, key: str) -> Keys:
        """`key` in waiting. Raises `Conflict` if one waits already."""
        if self.waiting:
            raise Conflict(
                "A new key waits already. Restart server and workers, then run: tocsin secrets rotate"
            )
        return Keys(self.in_force, key)

    def promoted(self) -> Keys:
        """The waiting key as the first in force."""
        return Keys((self.waiting, *self.in_force)) if self.waiting else self

    def without_old(self) -> Keys:
        """Only the newest key in force. Raises `Conflict` while another one waits."""
        if self.waiting:
            raise Conflict("A new key waits to be used. Run first: tocsin secrets rotate")
        return Keys(self.in_force[:1])

    @property
    def all(self) -> tuple[str, ...]:
        """As a process that starts reads them."""
        return (*self.in_force, *filter(None, [self.waiting]))


def read(folder: Path) -> Keys:
    """The keys in the home's file. Raises `InvalidInput` where there are none, and OSError."""
    path = folder / home.KEYS_FILE
    in_force: list[str] = []
    waiting = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text, _, comment = line.partition("#")
        found = text.split()
        if comment.strip() == NEXT and found and not waiting:
            waiting = found.pop()
        in_force += found
    if not in_force:
        raise invalid(str(path), "has no key in force.", "Put the keys back from your backup.")
    return Keys(tuple(in_force), waiting)


def changed_at(folder: Path) -> datetime:
    """When the file was written last: what has run since before has not seen what is in it."""
    return datetime.fromtimestamp((folder / home.KEYS_FILE).stat().st_mtime, UTC)


def change(folder: Path, step: Callable[[Keys], Keys]) -> Keys:
    """Write what `step` makes of the keys, and only if that is something else. Raises `Conflict` and OSError."""
    with home.locked(folder):
        old = read(folder)
        new = step(old)
        if new != old:
            lines = [*new.in_force, *([f"{new.waiting}  # {NEXT}"] if new.waiting else [])]
            home.replace(folder / home.KEYS_FILE, "\n".join(lines))
    return new
