from tocsin_ntfy import NtfyChannel

from tocsin.testing import ChannelContract, Reply


class TestNtfy(ChannelContract):
    channel_class = NtfyChannel
    secrets = ("quiet-topic", "tk_s3cret0token")
    replies = {"accepted": Reply(200, b'{"id": "m<n>"}')}
    bad_settings = (({"server": "file:///etc/passwd", "topic": "t"}, "server"), ({"topic": "a b"}, "topic"))

    def settings(self, far_side):
        return {"server": far_side.url, "topic": self.secrets[0], "token": self.secrets[1]}
