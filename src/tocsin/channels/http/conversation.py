"""A message of several requests, as a generator: it yields each request and is sent its response. Pure.

def talk(message):
    response = yield find_it(message)
    if response.status == 404:
        response = yield make_it(message)
    return http.classify(response)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tocsin.channels.http.exchange import Request, Response
from tocsin.channels.outcomes import Outcome

if TYPE_CHECKING:
    M = TypeVar("M")

Conversation = Generator[Request, Response, Outcome]


class Turn(NamedTuple):
    """A request, and what its answer leads to: another turn, or the outcome."""

    request: Request
    answered: Callable[[Response], Turn | Outcome]


def saying(
    build: Callable[[M], Request | Outcome], read: Callable[[Response], Outcome]
) -> Callable[[M], Turn | Outcome]:
    """The turn of a message that is one request: its answer is read by `read`."""

    def begin(message: M) -> Turn | Outcome:
        request = build(message)
        return Turn(request, read) if isinstance(request, Request) else request

    return begin


def opening(talk: Callable[[M], Conversation]) -> Callable[[M], Turn | Outcome]:
    """The first turn of a message's conversation."""

    def begin(message: M) -> Turn | Outcome:
        return _next(talk(message), None)

    return begin


def _next(conversation: Conversation, response: Response | None) -> Turn | Outcome:
    try:
        request = conversation.send(response)  # type: ignore[arg-type]  # None begins it
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    return Turn(request, lambda answer: _next(conversation, answer))
