"""The memory channel keeps the contract too: how a channel without a network is tested."""

from __future__ import annotations

from tocsin.channels.memory import MemoryChannel
from tocsin.channels.outcomes import Cause, Rejected, Retry, Sent
from tocsin.testing import ChannelContract

ANSWERS = {
    "accepted": Sent("kept"),
    "refused": Rejected(Cause.REFUSED_CONTENT),
    "gone": Rejected(Cause.GONE, disable_destination=True),
    "throttled": Retry(Cause.THROTTLED, after=7),
    "failing": Retry(Cause.SERVER_ERROR),
}


class MemoryFarSide:
    """The channel's own memory as its far side: `answer` writes the script that the channel asks."""

    url = ""

    def __init__(self):
        self.arrived = []
        self.kinds = ["accepted"]

    def __enter__(self):
        MemoryChannel.clear()
        MemoryChannel.script = staticmethod(self.take)
        return self

    def __exit__(self, *exc):
        MemoryChannel.clear()

    def answer(self, *kinds):
        self.kinds = list(kinds)

    def take(self, message):
        if not message.target.settings:
            return Rejected(Cause.BAD_SETTINGS)
        self.arrived.append(message)
        return ANSWERS[self.kinds.pop(0) if len(self.kinds) > 1 else self.kinds[0]]

    def payloads(self):
        channel = MemoryChannel()
        rendered = [channel.render(message) for message in self.arrived]
        return [f"{made.subject}\n\n{made.text}" for made in rendered]


class TestMemoryContract(ChannelContract):
    channel_class = MemoryChannel
    bad_settings = (({}, "name"), ({"name": "x" * 201}, "name"), ({"name": "x", "fail": "often"}, "fail"))
    unsupported = ("hanging", "dropping")

    def settings(self, far_side):
        return {"name": "kept"}

    def far_side(self):
        return MemoryFarSide()
