"""A loopback SMS provider that speaks Twilio's Messages API: form post, basic authentication, JSON answers.

with SmsProvider() as provider:
    …  # provider.settings is TOCSIN["SMS_HTTP"]
assert provider.texts == [("+4791234567", "Invoice 42 is paid")]
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs

from tests.servers.http_sink import HttpSink, Reply, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "AC00000000000000000000000000000007"
PASSWORD = "canary-auth-token"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def error(status: int, code: int, message: str, **headers: str) -> Reply:
    """An answer as the API gives it when it takes no message."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    said = {"code": code, "message": message, "more_info": more, "status": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(said).encode(), {"content-type": "application/json"} | named)


@dataclass
class SmsProvider:
    """The provider. `script` is asked for each message that is well made, and may answer in its place."""

    script: Callable[[str, str], Reply | None] = lambda number, text: None
    texts: list[tuple[str, str]] = field(default_factory=list)
    """(number, text) of every message that was taken."""

    def __enter__(self) -> Self:
        self.sink = HttpSink(self._answer)
        self.sink.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sink.__exit__(*exc)

    @property
    def settings(self) -> dict[str, str]:
        """TOCSIN["SMS_HTTP"] for this provider."""
        url = self.sink.url.rstrip("/") + PATH
        return {"url": url, "user": ACCOUNT, "password": PASSWORD, "from": "+15005550006"}

    def _answer(self, seen: Seen) -> Reply:
        if seen.path != PATH or seen.method != "POST":
            return error(404, 20404, f"The requested resource {seen.path} was not found")
        token = base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()
        if seen.headers.get("authorization") != f"Basic {token}":
            return error(401, 20003, "Authenticate")
        form = {name: values[0] for name, values in parse_qs(seen.body.decode("ascii")).items()}
        if problem := _problem(seen, form):
            return problem
        number, text = form["To"], form["Body"]
        if reply := self.script(number, text):
            return reply
        self.texts.append((number, text))
        return _created(form, len(self.texts))


def _problem(seen: Seen, form: dict[str, str]) -> Reply | None:
    if seen.headers.get("content-type") != "application/x-www-form-urlencoded":
        return error(400, 20001, "Bad request")
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", form.get("To", "")):
        return error(400, 21211, f"The 'To' number {form.get('To')} is not a valid phone number.")
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return error(400, 21603, "A 'From' phone number is required.")
    if not form.get("Body"):
        return error(400, 21602, "Message body is required.")
    if len(form["Body"]) > 1600:
        return error(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    return None


def _created(form: dict[str, str], number: int) -> Reply:
    said = {
        "sid": f"SM{number:032x}",
        "account_sid": ACCOUNT,
        "to": form["To"],
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "body": form["Body"],
        "status": "queued",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "num_segments": "1",
    }
    return Reply(201, json.dumps(said).encode(), {"content-type": "application/json"})
