"""What may be ending its workers is handed out alone: nothing else of its channel is at risk with it."""

from __future__ import annotations

from typing import ClassVar

import pytest

import tocsin
from tocsin import pipeline
from tocsin.channels.base import Channel, Sent
from tocsin.channels.memory import MemoryForm
from tocsin.deliveries.models import Delivery

pytestmark = pytest.mark.django_db


class GreedyChannel(Channel):
    """Asks for more while it has something in hand, as those do that send many at once."""

    __module__ = "tocsin.channels.greedy"  # one of ours: foreign code is given one message at a time
    slug = "greedy"
    label = "Greedy"
    form = MemoryForm
    address_field = "name"
    together: ClassVar[list[set[str]]] = []

    def send_batch(self, feed):
        hand = list(feed)
        while hand:
            hand += feed.more(10)
            self.together.append({message.target.label for message in hand})
            yield hand.pop(0), Sent()


@pytest.fixture
def _greedy(settings):
    settings.TOCSIN = settings.TOCSIN | {"CHANNELS": {"greedy": f"{__name__}.GreedyChannel"}}
    GreedyChannel.together.clear()


@pytest.mark.usefixtures("_greedy")
def test_suspects_are_sent_one_by_one_and_after_the_others() -> None:
    names = [f"greedy:{name}" for name in ("odd1", "fine1", "odd2", "fine2", "odd3")]
    tocsin.notify("drill", title="Hello", to=names, channel="greedy")
    pipeline.run("plan", 1)
    Delivery.objects.filter(label__startswith="odd").update(claims=2)
    while pipeline.run("greedy", 10):
        pass
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert GreedyChannel.together[0] == {"fine1", "fine2"}
    alone = [hand for hand in GreedyChannel.together if any(name.startswith("odd") for name in hand)]
    assert sorted(map(sorted, alone)) == [["odd1"], ["odd2"], ["odd3"]]
