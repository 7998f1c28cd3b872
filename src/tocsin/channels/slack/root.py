"""The first message of a group, which later ones change and answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tocsin.channels.base import Message

_NAME = re.compile(r"([CGD][A-Z0-9]{1,30})/([0-9]{1,12}\.[0-9]{1,9})", re.ASCII)


class Root(NamedTuple):
    """Where it is: the id of its channel, and its time, which is Slack's name of it there."""

    channel: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.ts}"

    @property
    def place(self) -> dict[str, str]:
        """What changes it."""
        return {"channel": self.channel, "ts": self.ts}

    @property
    def thread(self) -> dict[str, str]:
        """What makes a message an answer to it."""
        return {"channel": self.channel, "thread_ts": self.ts}


def root_of(message: Message) -> Root | None:
    """The message's. A thread that is no name of Slack's is none: the group begins anew."""
    found = _NAME.fullmatch(message.thread)
    return Root(found[1], found[2]) if found else None
