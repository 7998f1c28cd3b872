"""The SMS channel keeps the contract of all channels, by either way out."""

from __future__ import annotations

import email
import email.policy
import json

from tests.servers.sms_provider import ACCOUNT, PASSWORD, PATH
from tests.servers.smtp_far_side import SmtpContract
from tocsin.channels.sms import SmsChannel
from tocsin.testing import ChannelContract, Reply

JSON = {"Content-Type": "application/json"}
BAD_NUMBERS = (
    ({}, "phone_number"),
    ({"phone_number": "91234567"}, "phone_number"),
    ({"phone_number": "+345656787643"}, "phone_number"),
    ({"phone_number": "+44 909 879 0000"}, "phone_number"),
    ({"phone_number": "+4791234567", "password": "x"}, "password"),
)


def said(code, message, status):
    body = json.dumps({"code": code, "message": message, "status": status}).encode()
    return Reply(status, body, JSON)


class TestSmsByProvider(ChannelContract):
    channel_class = SmsChannel
    secrets = (PASSWORD,)
    bad_settings = BAD_NUMBERS
    replies = {
        "accepted": Reply(201, b'{"sid": "SM<n>", "status": "queued", "error_code": null}', JSON),
        "refused": said(30007, "Message filtered", 400),
        "gone": said(21610, "Attempt to send to unsubscribed recipient", 400),
        "throttled": Reply(429, b'{"code": 20429, "message": "Too many"}', JSON | {"Retry-After": "7"}),
        "failing": said(20500, "Internal Server Error", 500),
    }

    def settings(self, far_side):
        return {"phone_number": "+47 912 34 567"}

    def tocsin(self, far_side):
        url = far_side.url.rstrip("/") + PATH
        return {"SMS_HTTP": {"url": url, "user": ACCOUNT, "password": PASSWORD, "from": "Acme"}}

    def shown(self, sent):
        return json.loads(sent)["Body"]


class TestSmsByGateway(SmtpContract):
    channel_class = SmsChannel
    bad_settings = BAD_NUMBERS
    unsupported = (*SmtpContract.unsupported, "gone")
    """Of a gateway's address half is the operator's: no answer to it disables a number."""

    def settings(self, far_side):
        return {"phone_number": "+47 912 34 567"}

    def tocsin(self, far_side):
        return {"SMS_GATEWAY_ADDRESS": "sms@example.com"}

    def shown(self, sent):
        return email.message_from_string(sent, policy=email.policy.default).get_content()
