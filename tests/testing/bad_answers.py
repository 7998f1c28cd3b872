"""Channels that make the wrong thing of an answer, of a failure or of a batch."""

from __future__ import annotations

from tests.testing.pagers import Exchange, Pager, breaks
from tocsin.channels.base import Cause, Rejected, Retry, Sent

ANSWER = "each_answer_has_its_outcome"
HANGS = "hanging_ends_with_the_deadline"
CALM = "each_message_of_a_batch_has_its_own_outcome"
STORM = "trouble_in_a_batch_stays_where_it_is"
BESIDE = "one_that_hangs_costs_no_other"
BROKEN = "a_message_that_cannot_be_sent_costs_no_other"
TAKEN = "each_message_that_is_taken_is_answered"


class Mistaken(Pager):
    """Has one answer that is always the same outcome."""

    mistakes = {}

    def read(self, message, answer):
        return (
            self.mistakes[answer["kind"]]
            if answer["kind"] in self.mistakes
            else super().read(message, answer)
        )


@breaks(ANSWER, CALM, STORM)
class CallsARefusalSent(Mistaken):
    mistakes = {"refused": Sent("x")}


@breaks(ANSWER, CALM, STORM)
class TriesAgainWhatIsRefused(Mistaken):
    mistakes = {"refused": Retry(Cause.SERVER_ERROR)}


@breaks(ANSWER, CALM, STORM)
class TurnsOffAfterARefusal(Mistaken):
    mistakes = {"refused": Rejected(Cause.REFUSED_CONTENT, disable_destination=True)}


@breaks(ANSWER, CALM)
class KeepsWhatIsGone(Mistaken):
    mistakes = {"gone": Rejected(Cause.GONE)}


@breaks(ANSWER, STORM)
class ForgetsHowLongToWait(Mistaken):
    mistakes = {"throttled": Retry(Cause.THROTTLED)}


@breaks(ANSWER, STORM)
class GivesUpOnAFailure(Mistaken):
    mistakes = {"failing": Rejected(Cause.SERVER_ERROR)}


@breaks(ANSWER, STORM)
class AnswersNothing(Mistaken):
    mistakes = {"failing": None}


@breaks(ANSWER, "it_works_again_after_a_failure", HANGS, STORM, BESIDE)
class RaisesWhenTheLineIsLost(Pager):
    def send(self, message):
        return self.read(message, self.ask(message))


@breaks(HANGS, BESIDE, margin=0.2)
class WaitsForEver(Pager):
    def ask(self, message):
        return Exchange.lines[message.target.settings["line"]].take(self.page(message), None)


@breaks("it_works_again_after_a_failure")
class KeepsTheLostLine(Pager):
    lost = False

    def send(self, message):
        if self.lost:
            return Retry(Cause.DISCONNECTED)
        outcome = super().send(message)
        self.lost = isinstance(outcome, Retry) and message.delivery_id == 1
        return outcome


@breaks("an_instance_keeps_nothing_of_a_message")
class KeepsTheMessage(Pager):
    def send(self, message):
        self.current = message
        return super().send(message)


class Batched(Pager):
    """Passes for one of tocsin's own: those are handed a whole batch, others get one message at a time."""

    def __init_subclass__(cls):
        cls.__module__ = "tocsin.channels.pager"


@breaks(CALM, STORM, BESIDE, TAKEN)
class SendsTwice(Batched):
    def send(self, message):
        first, second = super().send(message), super().send(message)
        return second if isinstance(second, Sent) else first


@breaks(BROKEN)
class CatchesNothing(Batched):
    def send_batch(self, feed):
        for message in feed:
            yield message, self.send(message)


@breaks(CALM, STORM, BESIDE)
class AnswersForAllWithTheLast(Batched):
    def send_batch(self, feed):
        messages = list(feed)
        outcomes = [self.attempt(message) for message in messages]
        yield from ((message, outcomes[-1]) for message in messages)


@breaks(TAKEN)
class ForgetsWhatItAskedFor(Batched):
    def send_batch(self, feed):
        messages = list(feed)
        feed.more(5)
        yield from ((message, self.attempt(message)) for message in messages)


@breaks(CALM, STORM, BESIDE, BROKEN)
class StopsAtTheFirstFailure(Batched):
    def send_batch(self, feed):
        for message in feed:
            outcome = self.attempt(message)
            yield message, outcome
            if not isinstance(outcome, Sent):
                return


@breaks(CALM, STORM, BESIDE, BROKEN, TAKEN)
class AnswersTwice(Batched):
    def send_batch(self, feed):
        for message in feed:
            yield message, self.attempt(message)
            yield message, Sent()


@breaks(CALM, STORM, BESIDE, BROKEN, TAKEN)
class YieldsOutcomesAlone(Batched):
    def send_batch(self, feed):
        yield from map(self.attempt, feed)
