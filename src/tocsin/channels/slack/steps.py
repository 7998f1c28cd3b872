"""The requests of a message: one for a new post; for a later event of a group the update, then the reply.

The update comes first because it may be repeated without harm: what fails is begun again from there.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tocsin.channels.base import Message, Outcome, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_ROOT = re.compile(r"([CGD][A-Z0-9]{1,30})/([0-9]{1,12}\.[0-9]{1,9})", re.ASCII)


class Root(NamedTuple):
    """The first message of a group."""

    channel: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.ts}"


class Step(NamedTuple):
    """One request for a message."""

    message: Message
    root: Root | None = None
    updates: bool = False
    """True: change the root; False: post, in the root's thread where there is one."""

    def following(self, outcome: Outcome) -> Step | None:
        """What to do after `outcome`; None when the message is done with."""
        if not self.updates or not isinstance(outcome, Sent):
            return None
        return Step(self.message, self.root if outcome.provider_id else None)

    def outcome(self, outcome: Outcome) -> Outcome:
        """The message's outcome after its last step: a reply keeps the root's name, which stays the group's."""
        if isinstance(outcome, Sent) and self.root is not None:
            return Sent(str(self.root))
        return outcome


def first_step(message: Message) -> Step:
    """A thread that is no name of Slack's is none: the group begins anew."""
    found = _ROOT.fullmatch(message.thread)
    if found is None or "token" not in message.target.settings:
        return Step(message)
    return Step(message, Root(found[1], found[2]), updates=True)


class Steps:
    """A source for `http.post_many`: first steps of the messages, and before those what is to follow."""

    def __init__(self, messages: Iterable[Message], more: Callable[[int], list[Message]]) -> None:
        self._messages, self._more = messages, more
        self._waiting: deque[Step] = deque()

    def __iter__(self) -> Iterator[Step]:
        return map(first_step, self._messages)

    def push(self, step: Step) -> None:
        """Let `step` come next."""
        self._waiting.append(step)

    def more(self, free: int) -> list[Step]:
        found = [self._waiting.popleft() for _ in range(min(free, len(self._waiting)))]
        if len(found) < free:
            found += map(first_step, self._more(free - len(found)))
        return found
