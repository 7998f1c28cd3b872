"""A far side answers with text that no database takes: that costs its neighbours in the batch nothing."""

from __future__ import annotations

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Later, Rejected, Retry, Sent
from tocsin.deliveries.models import Attempt, Delivery

pytestmark = pytest.mark.django_db

STRANGE = ("a\x00b", "\ud800", "x" * 100_000, "\U0001f600" * 300, None, 7)
NUMBERS = (float("nan"), float("inf"), -1, "soon", 10**400)
ANSWERS = {
    "sent": [Sent(text) for text in STRANGE],
    "dead": [
        Rejected(cause, text) for text in STRANGE for cause in (Cause.REFUSED_RECIPIENT, "my own cause")
    ],
    "retrying": [
        *(Retry(Cause.SERVER_ERROR, text, 60) for text in STRANGE),
        *(Retry(Cause.SERVER_ERROR, "", number) for number in NUMBERS),
        *(None, True, "ok", [], Sent, Exception("no")),
    ],
}


def test_strange_answers_are_recorded_and_harm_nobody(settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"BACKOFF_SECONDS": 3600}
    answers = {f"{state}{number}": one for state, many in ANSWERS.items() for number, one in enumerate(many)}
    MemoryChannel.clear()
    MemoryChannel.script = staticmethod(lambda message: answers.get(message.target.identity, Sent()))
    try:
        tocsin.notify(
            "drill", title="Hello", to=[f"memory:{name}" for name in [*answers, "plain"]], channel="memory"
        )
        pipeline.run("plan", 1)
        pipeline.run("memory", 500)
    finally:
        MemoryChannel.clear()
    states = dict(Delivery.objects.values_list("label", "state"))
    assert states.pop("plain") == "sent"
    assert {name: state for name, state in states.items() if not name.startswith(state)} == {}
    assert Attempt.objects.count() == len(answers) + 1


@pytest.mark.parametrize("after", NUMBERS)
def test_a_strange_wish_for_later_is_no_harm_either(after) -> None:
    MemoryChannel.clear()
    MemoryChannel.script = staticmethod(lambda message: Later(Cause.BUSY, after))
    try:
        tocsin.notify("drill", title="Hello", to=["memory:desk"], channel="memory")
        pipeline.run("plan", 1)
        claimed = pipeline.run("memory", 1)
    finally:
        MemoryChannel.clear()
    assert claimed == 1
    assert Delivery.objects.get().state == "pending"
