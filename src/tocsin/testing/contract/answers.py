"""Promises about what a channel makes of the far side's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.channels.outcomes import Cause, Later, Outcome, Rejected, Retry, Sent
from tocsin.testing.contract.author import Author, promise
from tocsin.testing.far_side import Reply
from tocsin.testing.http_far_side import HttpFarSide

if TYPE_CHECKING:
    from tocsin.channels.base import Channel
    from tocsin.testing.far_side import FarSide

ASKED_SECONDS = 7
_WANTED = {
    "accepted": (Sent, "return Sent(provider_id=…) once the far side has taken the message"),
    "refused": (Rejected, "return Rejected(Cause.REFUSED_CONTENT): trying again would not help"),
    "gone": (Rejected, "return Rejected(Cause.GONE, disable_destination=True)"),
    "throttled": (Retry, "return Retry(Cause.THROTTLED, after=<the seconds it asked for>)"),
    "failing": (Retry, "return Retry(Cause.SERVER_ERROR): it may work later"),
    "hanging": (Retry, "return Retry(Cause.TIMEOUT) when the deadline is over"),
    "dropping": (Retry, "return Retry(Cause.DISCONNECTED) when the connection is lost"),
}
STRANGE = {
    "no HTTP": Reply(fault="garbage"),
    "cut short": Reply(200, b'{"ok": tr', fault="cut"),
    "a redirect": Reply(302, headers={"Location": "/elsewhere"}),
    "a web page": Reply(200, b"<html><body>Welcome to the captive portal</body></html>"),
    "nothing": Reply(200),
    "a list": Reply(200, b"[]", {"Content-Type": "application/json"}),
    "null": Reply(200, b"null", {"Content-Type": "application/json"}),
    "no text": Reply(200, b"\xff\xfe\x00\xc3\x28", {"Content-Type": "application/json"}),
    "an odd status": Reply(299, b'{"ok": "perhaps", "error": {"code": []}}'),
    "a refusal in odd words": Reply(422, b'{"error": 7, "errors": null, "message": ["no"]}'),
}
NEVER_SENT = ("no HTTP", "cut short", "a redirect", "a refusal in odd words")


def wrong(kind: str, outcome: object) -> str:
    """What is wrong with this outcome where the far side did `kind`, and the remedy; empty where it is right."""
    wanted, remedy = _WANTED[kind]
    told = f"The far side was {kind}, and the channel answered {outcome!r}: {remedy}."
    if not isinstance(outcome, wanted):
        return told
    if isinstance(outcome, Retry) and outcome.cause == Cause.BUG:
        return f"{told} Cause.BUG says that the channel's own code failed."
    if isinstance(outcome, Rejected) and outcome.disable_destination != (kind == "gone"):
        return (
            f"{told} disable_destination turns the destination off for good: only where the address is gone."
        )
    if kind == "throttled" and isinstance(outcome, Retry):
        near = outcome.after is not None and abs(outcome.after - ASKED_SECONDS) <= 1
        return "" if near else f"{told} It asked for {ASKED_SECONDS} seconds."
    return ""


class AnswerPromises(Author):
    """What the far side did decides the outcome."""

    @pytest.mark.parametrize("kind", ["accepted", "refused", "gone", "throttled", "failing", "dropping"])
    def test_each_answer_has_its_outcome(self, far: FarSide, channel: Channel, kind: str) -> None:
        """What the far side did to a message decides its outcome, and `send` itself raises nothing."""
        self.need(kind)
        far.answer(kind)
        outcome = self.send(channel, self.message(far))
        promise(not (told := wrong(kind, outcome)), told)
        promise(far.payloads(), "The far side received nothing; the outcome was not its answer.")

    def test_hanging_ends_with_the_deadline(self, far: FarSide) -> None:
        """`send` returns by itself within `deadline_seconds` when the far side never answers."""
        self.need("hanging")
        far.answer("hanging")
        channel = self.made(deadline_seconds=self.short_deadline)
        promise(not (told := wrong("hanging", self.send(channel, self.message(far)))), told)

    def test_it_works_again_after_a_failure(self, far: FarSide, channel: Channel) -> None:
        """A connection that was lost does not spoil the next message of the same instance."""
        self.need("dropping")
        far.answer("dropping", "accepted")
        self.send(channel, self.message(far, 1))
        outcome = self.send(channel, self.message(far, 2))
        promise(
            isinstance(outcome, Sent | Later),
            f"After a lost connection the next message came to {outcome!r}: throw the connection away, and open one.",
        )

    @pytest.mark.parametrize("strange", STRANGE)
    def test_strange_answers_are_no_bug(self, far: FarSide, channel: Channel, strange: str) -> None:
        """An answer that makes no sense is an outcome too, never an exception, and never `Sent` by mistake."""
        if not isinstance(far, HttpFarSide):
            pytest.skip("strange answers are those of an HttpFarSide")
        far.answer(STRANGE[strange])
        outcome = self.send(channel, self.message(far))
        promise(
            isinstance(outcome, Outcome) and getattr(outcome, "cause", None) != Cause.BUG,
            f"The far side answered {strange}, and the channel {outcome!r}: expect any bytes, and any JSON.",
        )
        promise(
            strange not in NEVER_SENT or not isinstance(outcome, Sent),
            f"The far side answered {strange}, and the channel called that Sent: it does not follow redirects, and "
            "takes only a whole answer with a status of 200 to 299 for a yes.",
        )
