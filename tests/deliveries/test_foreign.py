"""Channels of others: what hangs or raises costs nobody else anything."""

from __future__ import annotations

import sys
import threading

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.base import Channel, Sent
from tocsin.channels.memory import MemoryForm
from tocsin.deliveries import foreign
from tocsin.deliveries.models import Attempt, Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

release = threading.Event()


class PagerChannel(Channel):
    """Does what the name of its destination says."""

    slug = "pager"
    label = "Pager"
    form = MemoryForm
    address_field = "name"
    deadline_seconds = 0.3

    def send(self, message):
        match message.target.settings["name"].partition("-")[0]:
            case "hang":
                release.wait(30)
            case "exit":
                sys.exit(1)
            case "raise":
                raise KeyError("x")
            case "nonsense":
                return "sent!"
        return Sent()


@pytest.fixture(autouse=True)
def pager(settings):
    settings.TOCSIN = {**settings.TOCSIN, "CHANNELS": {"pager": f"{__name__}.PagerChannel"}}
    release.clear()
    foreign._abandoned.clear()
    yield
    release.set()
    foreign._abandoned.clear()


def send(*names: str) -> dict[str, str]:
    tocsin.notify("message:internal", title="x", to=[f"pager:{name}" for name in names])
    pipeline.run("plan", 1)
    pipeline.run("pager", 100)
    return dict(Delivery.objects.values_list("identity", "state"))


def test_each_message_is_answered_for_itself() -> None:
    states = send("fine", "hang", "exit", "raise", "other")
    assert states == {
        "fine": "sent",
        "hang": "retrying",
        "exit": "retrying",
        "raise": "retrying",
        "other": "sent",
    }
    causes = dict(Attempt.objects.exclude(cause="").values_list("delivery__identity", "cause"))
    assert causes == {"hang": "timeout", "exit": "bug", "raise": "bug"}


def test_after_four_that_hang_the_process_gives_the_channel_up() -> None:
    states = send(*(f"hang-{n}" for n in range(10)), "fine")
    assert foreign.given_up() == {"pager"}
    assert set(states.values()) <= {"retrying", "pending", "sent"}
    assert pipeline.run("pager", 100) == 0


def test_what_is_no_outcome_is_a_failure_of_the_channel(caplog) -> None:
    send("nonsense", "fine")
    assert Delivery.objects.get(identity="nonsense").state == "retrying"
    assert Delivery.objects.get(identity="fine").state == "sent"
