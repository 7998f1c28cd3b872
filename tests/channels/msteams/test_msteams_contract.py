"""Teams keeps the contract of every channel."""

from __future__ import annotations

import json

from tests.servers.teams import PATH, shown_message
from tocsin.channels.msteams import MsteamsChannel
from tocsin.testing import ChannelContract, Reply

AZURE = "https://prod-96.westeurope.logic.azure.com"
SIGNED = "/workflows/a/triggers/manual/paths/invoke?api-version=2016-06-01&sig=x"
GONE = b'{"error": {"code": "WorkflowNotFound", "message": "The workflow could not be found."}}'


class TestMsteams(ChannelContract):
    channel_class = MsteamsChannel
    secrets = ("s1gnatureS3cret",)
    markup = ("<at>Ana</at>", "{{DATE(2026-03-01T12:00:00Z, SHORT)}}")
    bad_settings = (
        ({}, "url"),
        ({"url": 4711}, "url"),
        ({"url": "https://hooks.slack.com/services/T0/B0/x"}, "url"),
        ({"url": "https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d"}, "url"),
        ({"url": "https://outlook.office.com/webhook/a@b/IncomingWebhook/c/d"}, "url"),
        ({"url": "https://example.com" + SIGNED}, "url"),
        ({"url": "https://logic.azure.com.example.com" + SIGNED}, "url"),
        ({"url": AZURE.replace("https", "http") + SIGNED}, "url"),
        ({"url": AZURE + SIGNED.partition("&sig")[0]}, "url"),
        ({"url": AZURE + "/"}, "url"),
        ({"url": AZURE + SIGNED + "\r\nX-Forged: yes"}, "url"),
        ({"url": "https://user:pass@x.api.powerplatform.com" + SIGNED}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
    )
    replies = {"accepted": Reply(202), "gone": Reply(404, GONE)}

    def settings(self, far_side):
        return {"url": far_side.url + PATH}

    def tocsin(self, far_side):
        return {"MSTEAMS_HOSTS": ["127.0.0.1"]}

    def shown(self, sent):
        return shown_message(json.loads(sent))

    def keys(self, far_side):
        return [seen.headers["x-ms-client-tracking-id"] for seen in far_side.requests]
