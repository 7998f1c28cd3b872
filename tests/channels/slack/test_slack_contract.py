"""Slack keeps the contract of every channel, by token and by webhook."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.servers.slack import TOKEN, shown_message
from tocsin.channels.slack import SlackChannel
from tocsin.testing import ChannelContract, Reply

HOOK = "services/T00000000/B00000000/h00kS3cretH00kS3cret"
MENTIONS = ("<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S012ABC>", "<@U024BE7LH>", "<#C024BE7LR>")
HOOK_TO_THE_TEAMS = (
    "https://prod-1.westeurope.logic.azure.com:443/workflows/a/triggers/manual/paths/invoke?sig=x"
)
BAD = (
    ({}, "webhook_url"),
    ({"token": TOKEN}, "channel"),
    ({"token": 4711, "channel": "C0123ABCD"}, "token"),
    ({"token": "xoxp-123456789012-abcdefgh", "channel": "C0123ABCD"}, "token"),
    ({"token": TOKEN + "\r\nX-Forged: yes", "channel": "C0123ABCD"}, "token"),
    ({"token": TOKEN, "channel": "ops"}, "channel"),
    ({"token": TOKEN, "channel": "#ops\r\nx"}, "channel"),
    ({"token": TOKEN, "channel": "<!channel>"}, "channel"),
    ({"token": TOKEN, "channel": "C0123ABCD", "workspace": "T0123"}, "workspace"),
    ({"token": "xoxe.xoxb-1-abcdefghij", "channel": "#ops"}, "channel"),
    ({"webhook_url": HOOK_TO_THE_TEAMS}, "webhook_url"),
    ({"webhook_url": "https://example.com/" + HOOK}, "webhook_url"),
    ({"webhook_url": "https://hooks.slack.com.example.com/" + HOOK}, "webhook_url"),
    ({"webhook_url": "http://hooks.slack.com/" + HOOK}, "webhook_url"),
    ({"webhook_url": "https://hooks.slack.com/services/"}, "webhook_url"),
    ({"webhook_url": "https://hooks.slack.com/" + HOOK + "?x=y"}, "webhook_url"),
    ({"webhook_url": "https://hooks.slack.com/" + HOOK + "\r\nx"}, "webhook_url"),
    ({"webhook_url": "https://hooks.slack.com/" + HOOK, "token": TOKEN}, "token"),
    ({"webhook_url": "https://hooks.slack.com/" + HOOK, "channel": "#ops"}, "channel"),
)


def said(error: str) -> Reply:
    return Reply(200, json.dumps({"ok": False, "error": error}).encode())


class SlackContract(ChannelContract):
    __test__ = False
    channel_class = SlackChannel
    bad_settings = BAD
    markup = MENTIONS

    def tocsin(self, far_side):
        return {"SLACK_API_URL": far_side.url + "api/"}

    def shown(self, sent):
        return shown_message(json.loads(sent))

    def keys(self, far_side):
        return [json.loads(sent)["metadata"]["event_payload"]["key"] for sent in far_side.payloads()]


class TestSlackByToken(SlackContract):
    __test__ = True
    secrets = (TOKEN,)
    replies = {
        "accepted": Reply(200, b'{"ok": true, "channel": "C0123ABCD", "ts": "17000000<n>.000100"}'),
        "refused": said("invalid_blocks"),
        "gone": said("is_archived"),
        "throttled": Reply(429, b'{"ok": false, "error": "ratelimited"}', {"Retry-After": "7"}),
        "failing": said("internal_error"),
    }

    def settings(self, far_side):
        return {"token": TOKEN, "channel": "#ops"}


class ByWebhook(SlackChannel):
    """The channel, of which no more is asked than an incoming webhook can."""

    abilities = replace(SlackChannel.abilities, updates=False, threads=False, receipts=False)


class TestSlackByWebhook(SlackContract):
    __test__ = True
    channel_class = ByWebhook
    secrets = ("h00kS3cretH00kS3cret",)
    replies = {
        "accepted": Reply(200, b"ok"),
        "refused": Reply(400, b"invalid_payload"),
        "gone": Reply(404, b"no_service"),
        "throttled": Reply(429, b"rate_limited", {"Retry-After": "7"}),
        "failing": Reply(500, b"rollup_error"),
    }

    def settings(self, far_side):
        return {"webhook_url": far_side.url + HOOK}
