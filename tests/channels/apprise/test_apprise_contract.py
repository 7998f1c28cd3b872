"""The contract, through a raw URL of the operator's: the only way to let Apprise post to a loopback server."""

from __future__ import annotations

from tocsin.channels.apprise import AppriseChannel
from tocsin.channels.apprise.wording import BREAK
from tocsin.testing import ChannelContract


class TestApprise(ChannelContract):
    channel_class = AppriseChannel
    by_operator = True
    secrets = ("t0ken-s3cret", "p4ssw0rd-s3cret")
    bad_settings = (
        ({}, "service"),
        ({"service": "json", "values": {}}, "service"),
        ({"service": "discord"}, "values"),
        ({"service": "discord", "values": {"webhook_id": "1", "webhook_tokn": "x"}}, "values"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"url": "json://127.0.0.1/ json://127.0.0.1/"}, "url"),
        ({"url": "json://127.0.0.1/\r\n"}, "url"),
        ({"service": "ntfy", "values": {"topic": "a"}, "url": "json://127.0.0.1/"}, "url"),
    )
    # Plugins keep the headers of an answer to themselves, so what it asks for in Retry-After is not known.
    unsupported = ("throttled",)
    markup = ("<!channel>", "<@U012345>", "<users/all>", "@everyone", "<at id=all></at>")

    def settings(self, far_side):
        host = far_side.url.partition("//")[2]
        return {"url": f"json://ana:p4ssw0rd-s3cret@{host}t0ken-s3cret"}

    def shown(self, sent):
        return super().shown(sent).replace(BREAK, "")
