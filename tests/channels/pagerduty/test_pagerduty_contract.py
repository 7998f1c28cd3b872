"""PagerDuty keeps the contract of every channel."""

from __future__ import annotations

import json

from tests.servers import pagerduty
from tests.servers.pagerduty import KEY, errors_of
from tocsin.channels.pagerduty import PagerdutyChannel
from tocsin.testing import ChannelContract, Reply

INVALID = pagerduty.refusal("'payload.severity' is invalid").body
UNKNOWN = pagerduty.refusal("Invalid routing key").body
PROCESSED = b'{"status": "success", "message": "Event processed", "dedup_key": "theirs/<n>"}'


class TestPagerduty(ChannelContract):
    channel_class = PagerdutyChannel
    secrets = (KEY,)
    bad_settings = (
        ({}, "routing_key"),
        ({"routing_key": 4711}, "routing_key"),
        ({"routing_key": "u+fZ8s3-FSqzAbcdEfgh"}, "routing_key"),
        ({"routing_key": KEY[:-1]}, "routing_key"),
        ({"routing_key": KEY + "a"}, "routing_key"),
        ({"routing_key": KEY[:-1] + "é"}, "routing_key"),
        ({"routing_key": KEY[:-1] + "-"}, "routing_key"),
        ({"routing_key": KEY + "\r\nX-Forged: yes"}, "routing_key"),
        ({"routing_key": KEY, "region": "ap"}, "region"),
        ({"routing_key": KEY, "source": "x" * 256}, "source"),
        ({"routing_key": KEY, "component": "a\r\nb"}, "component"),
        ({"routing_key": KEY, "group": ["prod"]}, "group"),
        ({"routing_key": KEY, "class": "deploy"}, "class"),
    )
    replies = {
        "accepted": Reply(202, PROCESSED),
        "refused": Reply(400, INVALID),
        "gone": Reply(400, UNKNOWN),
    }

    def settings(self, far_side):
        return {"routing_key": KEY, "region": "eu", "source": "shop.example", "component": "till"}

    def tocsin(self, far_side):
        return {"PAGERDUTY_URL": far_side.url}

    def shown(self, sent):
        event = json.loads(sent)
        del event["routing_key"]
        assert errors_of(event) == []
        return super().shown(json.dumps(event))

    def keys(self, far_side):
        return [json.loads(sent)["dedup_key"] for sent in far_side.payloads()]
