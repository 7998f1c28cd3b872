"""The webhook channel keeps the contract of all channels."""

from __future__ import annotations

from tocsin.channels.webhook import WebhookChannel
from tocsin.testing import ChannelContract

SECRET = "whsec_dGhlIGtleSBvZiBhIGNvbnRyYWN0IHRlc3Qh"
PREVIOUS = "whsec_dGhlIGtleSBiZWZvcmUgdGhhdCBvbmUsIHRvbw=="


class TestWebhookContract(ChannelContract):
    channel_class = WebhookChannel
    secrets = ("t0ken-s3cret", SECRET, PREVIOUS, "h3ader-s3cret")
    bad_settings = (
        ({}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://ana:pa55word@hooks.example/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "https://hooks.example/", "secret": "too short"}, "secret"),
        ({"url": "https://hooks.example/", "previous_secret": "too short"}, "previous_secret"),
        ({"url": "https://hooks.example/", "method": "GET"}, "method"),
        ({"url": "https://hooks.example/", "headers": {"Host": "10.0.0.1"}}, "headers"),
    )

    def settings(self, far_side):
        return {
            "url": far_side.url + "hook/t0ken-s3cret",
            "secret": SECRET,
            "previous_secret": PREVIOUS,
            "headers": {"Authorization": "Bearer h3ader-s3cret"},
            "method": "PUT",
        }

    def keys(self, far_side):
        return [arrival.headers["webhook-id"] for arrival in far_side.requests]
