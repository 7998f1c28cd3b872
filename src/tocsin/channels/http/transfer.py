"""Send one message, or a claim's worth of them at once, and say the outcome of each as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tocsin import conf
from tocsin.channels.feeds import Only
from tocsin.channels.http.classify import classify
from tocsin.channels.http.conversation import opening, saying
from tocsin.channels.http.engine import borrow, give_back
from tocsin.channels.http.run import Run, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.channels.http.conversation import Conversation, Turn
    from tocsin.channels.http.exchange import Request, Response
    from tocsin.channels.outcomes import Outcome

M = TypeVar("M")
T = TypeVar("T")
SLOTS = 64
DEADLINE_SECONDS = 30.0


def post(
    request: Request,
    read: Callable[[Response], Outcome] = classify,
    *,
    deadline: float = DEADLINE_SECONDS,
    probe: bool = False,
) -> Outcome:
    """Send one request within `deadline` seconds in all, and turn the answer into an outcome with `read`.

    A host that is resting is not asked (`Later`). With `probe`, for what a person tries by hand, one that
    failed again and again is; one that asked for quiet never.
    """
    for _, outcome in post_many(Only(request), _itself, read, slots=1, deadline=deadline, probe=probe):
        return outcome
    raise AssertionError("a request ends in an outcome")


def post_many(
    feed: Source[M],
    build: Callable[[M], Request | Outcome],
    read: Callable[[Response], Outcome] = classify,
    *,
    slots: int = SLOTS,
    share: float = 0.25,
    deadline: float = DEADLINE_SECONDS,
    probe: bool = False,
) -> Iterator[tuple[M, Outcome]]:
    """Send all of `feed`, up to `slots` at once, each within `deadline` seconds; yield outcomes when known.

    `build` makes the request (or answers at once with an outcome), `read` the outcome. What either raises
    costs that message alone. One host has its `share` of the slots at most (all of them where a channel has
    but one provider); what is over waits a moment where the host is quick, and is answered `Later` where it
    is not. So is all that is for a host that rests (see `rests`, and `post` for `probe`). Closing the
    generator drops what is under way and keeps the connections that are idle.
    """
    yield from _run(feed, saying(build, read), slots, share=share, deadline=deadline, probe=probe)


def converse(
    conversation: Conversation, *, deadline: float = DEADLINE_SECONDS, probe: bool = False
) -> Outcome:
    """Have one conversation within `deadline` seconds in all. `probe` as in `post`."""
    for _, outcome in converse_many(Only(conversation), _itself, slots=1, deadline=deadline, probe=probe):
        return outcome
    raise AssertionError("a conversation ends in an outcome")


def converse_many(
    feed: Source[M],
    talk: Callable[[M], Conversation],
    *,
    slots: int = SLOTS,
    share: float = 0.25,
    deadline: float = DEADLINE_SECONDS,
    probe: bool = False,
) -> Iterator[tuple[M, Outcome]]:
    """As `post_many`, for messages that need several requests: `talk` begins the conversation of each.

    A conversation has `deadline` seconds in all. What gets no answer ends it, as does a host that must rest: it is
    then begun again later, so every request but the last must be one that may be repeated.
    """
    yield from _run(feed, opening(talk), slots, share=share, deadline=deadline, probe=probe)


def _run(
    feed: Source[M],
    begin: Callable[[M], Turn | Outcome],
    slots: int,
    *,
    share: float,
    deadline: float,
    probe: bool,
) -> Iterator[tuple[M, Outcome]]:
    engine, shelf = borrow(tuple(conf.get("ALLOWED_PRIVATE_NETWORKS")))
    try:
        yield from Run(engine, feed, begin, slots, share=share, deadline=deadline, probe=probe).outcomes()
    finally:
        give_back(engine, shelf)


def _itself(one: T) -> T:
    return one
