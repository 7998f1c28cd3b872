"""Messages as `deliveries` hands them to a channel, for measuring a channel without the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.inside.people import BODY, TITLE, seconds
from tocsin import clock
from tocsin.channels.base import EventView, Message, Recipient, Target
from tocsin.channels.outcomes import Sent
from tocsin.events.ids import uuid7
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.channels.base import Channel


class Supply:
    """A Feed that has its messages in a list."""

    def __init__(self, messages: list[Message], first: int) -> None:
        self.messages = messages
        self.place = first

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages[: self.place])

    def more(self, free: int) -> list[Message]:
        given = self.messages[self.place : self.place + free]
        self.place += len(given)
        return given


def made(count: int, settings: Callable[[int], dict[str, Any]]) -> list[Message]:
    """One event, told to `count` people; `settings(number)` is each one's destination."""
    event = EventView(
        id=str(uuid7()), type="message:internal", type_label="Internal message", level=Level.INFO, title=TITLE,
        body=BODY, data={}, url="https://tocsin.example.org/invoices", actions=(), actor="", about="", group_key="",
        status="open", organization="default", project="", created_at=clock.now(),
    )  # fmt: skip
    return [
        Message(
            delivery_id=number, attempt=1, key=f"{event.id}-{number}", events=(event,),
            target=Target(f"u{number}", "", settings(number)), recipient=Recipient(number, f"u{number}", ""),
            locale="en",
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def send_all(channel: Channel, messages: list[Message]) -> float:
    """Send through `send_batch` alone; returns the seconds. What was not sent is an error."""
    sent = 0

    def work() -> None:
        nonlocal sent
        for _, outcome in channel.send_batch(Supply(messages, channel.batch_size)):
            sent += isinstance(outcome, Sent)

    spent = seconds(work)
    assert sent == len(messages), f"{sent} of {len(messages)} were sent"
    return spent
