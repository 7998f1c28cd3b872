"""Web push keeps the contract of every channel. The far side opens what it gets, as a browser does."""

from __future__ import annotations

import base64
import json

from tests.servers.push_service import PushService, encode, make_vapid_key
from tocsin.channels.webpush import WebpushChannel
from tocsin.testing import ChannelContract

PRIVATE, PUBLIC = make_vapid_key()
TOKEN = "s3cret-c4pability-of-one-browser"
AUTH = b"sixteen secrets!"
POINT = make_vapid_key()[1]
OFF_THE_CURVE = encode(b"\x04" + b"\x01" * 64)
GOOD = {"endpoint": "https://push.example/abc", "p256dh": POINT, "auth": encode(AUTH)}


class TestWebpush(ChannelContract):
    channel_class = WebpushChannel
    secrets = (TOKEN, encode(AUTH), PRIVATE)
    bad_settings = (
        ({}, "endpoint"),
        ({"p256dh": POINT, "auth": encode(AUTH)}, "endpoint"),
        (GOOD | {"endpoint": "http://push.example/abc"}, "endpoint"),
        (GOOD | {"endpoint": "https://10.0.0.1/abc"}, "endpoint"),
        (GOOD | {"endpoint": "https://user:pass@push.example/abc"}, "endpoint"),
        (GOOD | {"endpoint": "https://push.example/abc#x"}, "endpoint"),
        (GOOD | {"endpoint": "file:///etc/passwd"}, "endpoint"),
        (GOOD | {"endpoint": 4711}, "endpoint"),
        (GOOD | {"p256dh": OFF_THE_CURVE}, "p256dh"),
        (GOOD | {"p256dh": POINT[:-4]}, "p256dh"),
        (GOOD | {"p256dh": encode(b"\x02" + b"\x01" * 32)}, "p256dh"),
        (GOOD | {"p256dh": base64.b64encode(b"\xfb\xff" * 32 + b"x").decode()}, "p256dh"),
        (GOOD | {"auth": encode(b"fifteen secrets")}, "auth"),
        (GOOD | {"auth": "\u00e4" * 22}, "auth"),
        (GOOD | {"auth": ""}, "auth"),
        (GOOD | {"key": POINT}, "key"),
        (GOOD | {"key": OFF_THE_CURVE}, "key"),
    )

    def far_side(self):
        service = PushService(self.replies)
        self.subscription = service.make_subscription(PUBLIC, token=TOKEN, auth=AUTH)
        return service

    def settings(self, far_side):
        return self.subscription.settings

    def tocsin(self, far_side):
        return {"WEBPUSH_KEYS": [PRIVATE], "BASE_URL": "https://tocsin.example"}

    def shown(self, sent):
        made = json.loads(sent)
        return "\n".join([made["title"], made["body"], *(link["title"] for link in made["links"])])
