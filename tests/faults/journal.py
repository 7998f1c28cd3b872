"""A file of JSON lines that survives the death of whoever writes it: a line is on disk before `write` returns."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """Append-only; several threads share one fsync where they write at the same time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0

    def write(self, **fields: Any) -> None:
        """Add a line, and wait until it is on disk."""
        line = json.dumps(fields).encode() + b"\n"
        with self._writing:
            os.write(self._file, line)
            self._written += 1
            mine = self._written
        with self._syncing:
            if self._synced < mine:
                before = self._written
                os.fsync(self._file)
                self._synced = before


def read(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; nothing where there is none yet."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message at a sink: the event's key, the destination's name, and the idempotency id it came with."""

    key: str
    name: str
    id: str
    at: float


def arrivals(path: Path) -> list[Arrival]:
    """What a sink's journal holds."""
    return [Arrival(**line) for line in read(path)]
