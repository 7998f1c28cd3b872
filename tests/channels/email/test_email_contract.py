"""The e-mail channel keeps the contract of all channels."""

from __future__ import annotations

import email
import email.policy
import re
from html import unescape

from tests.servers.smtp_far_side import SmtpContract
from tocsin.channels.email import EmailChannel


class TestEmailContract(SmtpContract):
    channel_class = EmailChannel
    bad_settings = (
        ({}, "email_address"),
        ({"email_address": "ana"}, "email_address"),
        ({"email_address": "ana@example.org, eva@example.org"}, "email_address"),
        ({"email_address": "ana@example.org\r\nBcc: eva@example.org"}, "email_address"),
        ({"email_address": "ana@example.org", "password": "x"}, "password"),
    )

    def settings(self, far_side):
        return {"email_address": "Ana@Example.org"}

    def shown(self, sent):
        """Subject, plain text, and what a browser shows of the HTML."""
        mail = email.message_from_string(sent, policy=email.policy.default)
        html = mail.get_body(("html",)).get_content()
        seen = unescape(re.sub(r"<[^>]*>", "", html))
        return "\n".join([mail["Subject"], mail.get_body(("plain",)).get_content(), seen])
