"""Channels that post to an HTTP far side: one is good, the others stumble over what it answers."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

from tests.testing.pagers import Pager, breaks
from tocsin.channels import http
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.testing import HttpFarSide, Reply

OVER_HTTP = {
    "far_side": lambda self: HttpFarSide(self.replies),
    "replies": {"accepted": Reply(200, b'{"id": "page-<n>"}'), "refused": Reply(400, b'{"error": "unfit"}')},
    "keys": lambda self, far: [json.loads(payload)["key"] for payload in far.payloads()],
    "short_deadline": 1.0,
}


@breaks(**OVER_HTTP)
class HttpPager(Pager):
    """Breaks nothing."""

    def send(self, message):
        body = json.dumps(self.page(message)).encode()
        request = http.Request(message.target.settings["line"], body, self.headers(message))
        return http.post(
            request, lambda response: self.understand(message, response), deadline=self.deadline_seconds
        )

    def headers(self, message):
        token = message.target.settings["token"]
        return {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def understand(self, message, response):
        outcome = http.classify(response)
        if not isinstance(outcome, Sent):
            return outcome
        try:
            answer = json.loads(response.body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            return Retry(Cause.SERVER_ERROR, "no answer that could be read")
        return Sent(message.thread or str(answer.get("id", "")))


@breaks("strange_answers_are_no_bug", unsupported=("hanging",), **OVER_HTTP)
class ExpectsJson(HttpPager):
    def understand(self, message, response):
        outcome = http.classify(response)
        return Sent(json.loads(response.body)["id"]) if isinstance(outcome, Sent) else outcome


@breaks("strange_answers_are_no_bug", unsupported=("hanging",), **OVER_HTTP)
class TakesARedirectForAYes(HttpPager):
    def understand(self, message, response):
        return Sent("x") if response.status < 400 else http.classify(response)


@breaks("outcomes_and_logs_show_no_secret", **OVER_HTTP)
class RepeatsTheAnswer(HttpPager):
    def understand(self, message, response):
        outcome = http.classify(response)
        if isinstance(outcome, Rejected):
            return Rejected(outcome.cause, response.body.decode(), outcome.disable_destination)
        return outcome


@breaks("control_characters_forge_nothing", **OVER_HTTP)
class WritesTheTitleInAHeader(HttpPager):
    """Takes no library that would refuse the line breaks."""

    def send(self, message):
        url, body = urlsplit(message.target.settings["line"]), json.dumps(self.page(message))
        title = message.event.title.encode("ascii", "replace").decode().replace("\r\n\r\n", "\r\n")
        head = f"POST / HTTP/1.1\r\nContent-Length: {len(body)}\r\nTitle: {title}\r\n\r\n"
        with socket.create_connection((url.hostname, url.port), self.deadline_seconds) as connection:
            connection.sendall(f"{head}{body}".encode())
            connection.recv(1000)
        return Sent("x")
