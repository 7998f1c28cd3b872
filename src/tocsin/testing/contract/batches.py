"""Promises about many messages at once: each has its own outcome, and none costs another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.channels.outcomes import Later, Outcome, Retry, Sent
from tocsin.testing.contract.answers import wrong
from tocsin.testing.contract.author import Author, Claim, mark, promise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.channels.base import Channel, Message
    from tocsin.testing.far_side import FarSide

CALM = ("accepted", "refused", "accepted", "gone", "accepted", "refused", "accepted")
STORMY = ("accepted", "failing", "refused", "throttled", "accepted", "dropping", "accepted")


class BatchPromises(Author):
    """However many messages: each is sent once and answered once, by what the far side said of it."""

    def test_each_message_of_a_batch_has_its_own_outcome(self, far: FarSide, channel: Channel) -> None:
        """In a batch of mixed answers every message arrives once, and has the outcome that the far side gave it."""
        kinds = [kind for kind in CALM if kind not in self.unsupported]
        feed = self._fed(far, kinds)
        for message, outcome in self._once(feed, self.send_all(channel, feed)):
            times = len(self.arrived(far, message.delivery_id))
            promise(
                times == 1,
                f"Message {message.delivery_id} of a batch arrived {times} times and was answered {outcome!r}: "
                "send each once, and show its title.",
            )
            self._judge(far, kinds, message, outcome)

    def test_trouble_in_a_batch_stays_where_it_is(self, far: FarSide, channel: Channel) -> None:
        """When the far side fails in the middle of a batch, no message is called sent that is not, or lost."""
        kinds = [kind for kind in STORMY if kind not in self.unsupported]
        feed = self._fed(far, kinds)
        for message, outcome in self._once(feed, self.send_all(channel, feed)):
            self._judge(far, kinds, message, outcome)

    def test_one_that_hangs_costs_no_other(self, far: FarSide) -> None:
        """A message that is never answered costs the rest of its batch nothing but time."""
        self.need("hanging")
        kinds = ("accepted", "hanging", "accepted")
        channel = self.made(deadline_seconds=self.short_deadline)
        feed = self._fed(far, kinds)
        answered = self.batch(len(kinds) * self.short_deadline, lambda: channel.send_batch(feed))
        for message, outcome in self._once(feed, answered):
            self._judge(far, kinds, message, outcome)

    def test_a_message_that_cannot_be_sent_costs_no_other(self, far: FarSide, channel: Channel) -> None:
        """A destination whose stored settings are broken fails alone; the messages beside it are sent."""
        far.answer("accepted")
        first, second, third = (self.message(far, number) for number in (1, 2, 3))
        broken = replace(second, target=replace(second.target, settings={}))
        feed = Claim([first, broken, third])
        for message, outcome in self._once(feed, self.send_all(channel, feed)):
            promise(
                isinstance(outcome, Outcome) if message is broken else isinstance(outcome, Sent),
                f"In a batch with one message whose settings are {{}}, message {message.delivery_id} of 3 came to "
                f"{outcome!r}: let what goes wrong with one message cost that message alone.",
            )

    def test_each_message_that_is_taken_is_answered(self, far: FarSide, channel: Channel) -> None:
        """Whatever a channel took from its feed, at first or by asking for more, it sends and answers for, once."""
        far.answer("accepted")
        feed = Claim(
            [self.message(far, number) for number in (1, 2, 3)],
            [self.message(far, number) for number in (4, 5)],
        )
        answered = self._once(feed, self.send_all(channel, feed))
        for message, outcome in answered:
            promise(
                isinstance(outcome, Sent), f"Message {message.delivery_id} came to {outcome!r}, not Sent."
            )
        promise(
            len(far.payloads()) == len(answered),
            f"{len(answered)} messages were answered and {len(far.payloads())} arrived: send each once.",
        )

    def test_an_instance_keeps_nothing_of_a_message(self, far: FarSide, channel: Channel) -> None:
        """An instance is shared by threads, so it keeps nothing of a message on itself."""
        far.answer("accepted")
        message = self.message(far)
        self.send(channel, message)
        kept = [
            name
            for name, value in vars(channel).items()
            if mark(1) in repr(value) or value in (message.target, message.target.settings)
        ]
        promise(
            not kept,
            f"After a message self.{', self.'.join(kept)} holds some of it: hand it on as an argument.",
        )

    def _fed(self, far: FarSide, kinds: Sequence[str]) -> Claim:
        """As many messages as there are kinds, for a far side that does these in turn."""
        far.answer(*kinds)
        return Claim(self.message(far, number) for number in range(1, len(kinds) + 1))

    def _judge(self, far: FarSide, kinds: Sequence[str], message: Message, outcome: Outcome) -> None:
        """Fail unless the outcome is the one of the kind that this message met, in whatever order they came."""
        number = message.delivery_id
        if places := self.arrived(far, number):
            told = wrong(kinds[min(places[-1], len(kinds) - 1)], outcome)
            promise(not told, f"Message {number} of a batch: {told}")
        else:
            promise(
                isinstance(outcome, Retry | Later),
                f"Message {number} of a batch never arrived, and was answered {outcome!r}: return Retry.",
            )

    def _once(self, feed: Claim, answered: list[tuple[Message, Outcome]]) -> list[tuple[Message, Outcome]]:
        """`answered`, if it has each message of the feed once."""
        counted = Counter(message.delivery_id for message, _ in answered)
        twice = sorted(number for number, times in counted.items() if times > 1)
        missing = sorted({message.delivery_id for message in feed.given} - set(counted))
        promise(
            not twice and not missing,
            f"send_batch() answered for {twice} more than once and for {missing} not at all: yield each message of "
            "the feed, and of feed.more(), with its outcome exactly once.",
        )
        return answered
