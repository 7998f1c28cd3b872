"""An HTTP sink that has each request on disk before it answers: whatever it acknowledged, it can prove."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from tests.faults.journal import Arrival, Journal, arrivals
from tests.servers.http_sink import HttpSink, Reply, Seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class JournalSink:
    """`with JournalSink(path) as sink:` gives `sink.url`, and `sink.arrived()`, what the journal holds.

    The name of a destination is the path of its URL.
    """

    def __init__(self, path: Path, answer: Callable[[Seen], Reply] | Reply = Reply()) -> None:  # noqa: B008
        self._journal = Journal(path)
        self._answer = answer
        self._sink = HttpSink(self._note)

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._sink.__exit__()

    @property
    def url(self) -> str:
        return self._sink.url

    @property
    def count(self) -> int:
        """How many requests have come."""
        return len(self._sink.requests)

    def arrived(self) -> list[Arrival]:
        return arrivals(self._journal.path)

    def _note(self, seen: Seen) -> Reply:
        key = json.loads(seen.body)["data"]["title"]
        self._journal.write(key=key, name=seen.path.strip("/"), id=seen.headers["webhook-id"], at=seen.at)
        return self._answer(seen) if callable(self._answer) else self._answer
