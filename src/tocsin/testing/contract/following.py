"""Promises about messages that follow one another: attempts, threads, updates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tocsin.channels import http
from tocsin.channels.outcomes import Moot, Sent
from tocsin.testing.contract.author import Author, promise
from tocsin.testing.http_far_side import HttpFarSide

if TYPE_CHECKING:
    from tocsin.channels.base import Channel, Message
    from tocsin.testing.far_side import FarSide

GROUP = "disk-db1"
FOLLOWING = (("update", "open"), ("acknowledge", "acknowledged"), ("resolve", "resolved"))


class FollowingPromises(Author):
    """A message knows what went before it."""

    def keys(self, far_side: FarSide) -> list[str] | None:
        """By what the far side could tell that a message came twice, of each that arrived; None if by nothing."""
        return None

    def test_both_attempts_carry_the_same_key(self, far: FarSide, channel: Channel) -> None:
        """A second attempt carries the key of the first, so that the far side can tell a double."""
        if self.keys(far) is None:
            pytest.skip("the contract class does not override keys()")
        far.answer("failing", "accepted")
        key = self.message(far).key
        for attempt in (1, 2):
            self.send(channel, self.message(far, attempt=attempt))
            http.forget_rests()
        self.send(channel, self.message(far, 2))
        seen = self.keys(far) or []
        promise(
            len(seen) == 3 and seen[0] == seen[1] != seen[2],
            f"Two attempts of message {key} and one of another carried the keys {seen}: make the key of "
            "message.key alone.",
        )

    def test_receipts_are_kept(self, far: FarSide, channel: Channel) -> None:
        """A channel that claims receipts answers `Sent` with the far side's name for the message."""
        if not channel.abilities.receipts:
            pytest.skip("abilities.receipts is False")
        outcome = self._sent(far, channel, self.message(far))
        promise(outcome.provider_id, "abilities.receipts is True, and Sent has no provider_id.")

    def test_a_later_event_of_a_group_follows_the_first(self, far: FarSide, channel: Channel) -> None:
        """A later event of a group is sent as an update of, or an answer to, the group's first message."""
        if not (channel.abilities.threads or channel.abilities.updates):
            pytest.skip("abilities claim neither threads nor updates")
        root = self._sent(far, channel, self.message(far, group_key=GROUP)).provider_id
        promise(
            root, "The first message of a group came to Sent without provider_id: nothing could follow it."
        )
        for number, (action, status) in enumerate(FOLLOWING, 2):
            message = self.message(
                far, number, group_key=GROUP, thread=root, action=action, status=status, attempt=1
            )
            outcome = self._sent(far, channel, message)
            promise(
                outcome.provider_id == root,
                f"The {action} of {root!r} came to Sent({outcome.provider_id!r}): return the id of the group's first "
                "message, so that the next event finds it.",
            )
            promise(self.arrived(far, number), f"The title of the {action} did not arrive.")
            promise(
                any(piece in self._last(far) for piece in re.split(r"[\s:;|,]+", root)),
                f"The {action} does not name {root!r}, the message that it follows.",
            )

    def test_a_resolved_event_without_a_thread_is_sent(self, far: FarSide, channel: Channel) -> None:
        """What is over before anything of it was sent is a message like any other; `Moot` to who closes things."""
        message = self.message(far, group_key=GROUP, action="resolve", status="resolved")
        if channel.abilities.closes:
            far.answer("accepted")
            outcome = self.send(channel, message)
            promise(
                isinstance(outcome, Moot) and not far.payloads(),
                f"abilities.closes is True, nothing was open, and the channel answered {outcome!r}: return Moot().",
            )
            return
        self._sent(far, channel, message)
        promise(self.arrived(far, 1), "The title of a resolved event did not arrive.")

    def _sent(self, far: FarSide, channel: Channel, message: Message) -> Sent:
        far.answer("accepted")
        outcome = self.send(channel, message)
        promise(
            isinstance(outcome, Sent),
            f"A message with action={message.action!r} came to {outcome!r}, not Sent.",
        )
        return outcome  # type: ignore[return-value]

    def _last(self, far: FarSide) -> str:
        """The last message that arrived, with its address and headers where they are known."""
        if isinstance(far, HttpFarSide):
            arrival = far.requests[-1]
            return f"{arrival.path} {dict(arrival.headers)} {arrival.text}"
        return far.payloads()[-1]
