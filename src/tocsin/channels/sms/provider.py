"""Text messages through a provider that speaks like Twilio's Messages resource: the request, and its answers."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from tocsin import clock, conf
from tocsin.channels import http
from tocsin.channels.mail import at_operators_account
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry, Sent
from tocsin.channels.sms.number import UNUSABLE, number_of
from tocsin.channels.sms.render import render
from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from tocsin.channels.base import Message

SETTING = "SMS_HTTP"
_MESSAGING_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")

_GONE = Rejected(Cause.REFUSED_RECIPIENT, disable_destination=True)
_UNREACHED = Rejected(Cause.REFUSED_RECIPIENT)
_AGAIN = Retry(Cause.SERVER_ERROR)
_NOT_NOW = Retry(Cause.REFUSED_RECIPIENT)
"""The handset's trouble: told apart from the provider's, which would have it left alone for a while."""
_SLOWER = Retry(Cause.THROTTLED)
_OPERATORS = Retry(Cause.NOT_AUTHORISED)
"""The account, its rights and its numbers: tried again, so that nothing is lost while the operator mends it."""
_TOO_LONG = Rejected(Cause.TOO_LARGE)
CODES: dict[int, Rejected | Retry] = {
    # No number, a short code, unsubscribed, no mobile, a landline: it will never take a message.
    **dict.fromkeys((21211, 21217, 21265, 21610, 21614, 21635), _GONE),
    # Not from our number, blocked, switched off or unknown: the number may be right all the same.
    **dict.fromkeys((21266, 21612, 30004, 30005, 30006), _UNREACHED),
    **dict.fromkeys((20500, 20503), _AGAIN),
    **dict.fromkeys((30003, 30008), _NOT_NOW),
    **dict.fromkeys((14107, 20429, 21611, 30001, 30022, 63038), _SLOWER),
    **dict.fromkeys((20003, 20005, 20006, 20008, 20404, 30002, 30034), _OPERATORS),
    **dict.fromkeys((21212, 21408, 21601, 21603, 21606, 21608), _OPERATORS),
    **dict.fromkeys((21659, 21660, 21661, 21703, 21704, 21705), _OPERATORS),
    **dict.fromkeys((21605, 21617, 21658), _TOO_LONG),
}
"""Twilio's error codes: <https://www.twilio.com/docs/api/errors>."""


class Account(NamedTuple):
    """The operator's account at the provider."""

    url: str
    user: str
    password: str
    sender: str

    def __repr__(self) -> str:
        return f"<Account {self.user}>"

    @property
    def credentials(self) -> str:
        """User and password as basic authentication writes them."""
        return b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")

    @property
    def secrets(self) -> list[str]:
        """What no detail, log line or page may show."""
        return [self.password, self.credentials]


def account() -> Account | None:
    """The account of the settings, if there is one."""
    given = conf.get(SETTING)
    return Account(given["url"], given["user"], given["password"], given["from"]) if given else None


def request_of(message: Message, account: Account) -> http.Request | Outcome:
    """The form post of one message."""
    number = number_of(message)
    if not number:
        return Rejected(Cause.BAD_SETTINGS, UNUSABLE)
    sender = "MessagingServiceSid" if _MESSAGING_SERVICE.fullmatch(account.sender) else "From"
    form = {"To": number, sender: account.sender, "Body": render(message).text}
    headers = {
        "authorization": f"Basic {account.credentials}",
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
    }
    return http.Request(
        account.url,
        urlencode(form).encode("ascii"),
        headers,
        secret_values=account.secrets,
        limit_key=account.user,
    )


def not_ready() -> str:
    """What keeps the provider from being asked, as a sentence."""
    found = account()
    try:
        http.check_url(found.url if found else "")
    except InvalidInput as error:
        return f"TOCSIN['{SETTING}']['url'] {error.errors[0].message}"
    return ""


def read(response: http.Response) -> Outcome:
    """What the provider's answer means for the message."""
    said = _object(response.body)
    taken = 200 <= response.status < 300
    code, words = (
        (said.get("error_code"), said.get("error_message"))
        if taken
        else (said.get("code"), said.get("message"))
    )
    if taken and not code:
        return Sent(str(said["sid"])) if said.get("sid") else _no_sid(response)
    outcome = _by_code(code, response) or at_operators_account(response)
    origin, secrets = http.origin_of(response.request.url), response.request.secret_values
    detail = f"{origin} answered {response.status}"
    shown = http.excerpt(f"{code or ''} {words or ''}".strip(), secrets)
    return replace(outcome, detail=f"{detail}: {shown}" if shown else detail)


def _by_code(code: object, response: http.Response) -> Rejected | Retry | None:
    text = str(code)
    found = CODES.get(int(text)) if text.isdecimal() else None
    if isinstance(found, Retry):
        return replace(found, after=http.parse_retry_after(response.header("retry-after"), clock.now()))
    return found


def _no_sid(response: http.Response) -> Retry:
    origin = http.origin_of(response.request.url)
    return Retry(
        Cause.BAD_SETTINGS,
        f"{origin} answered {response.status} without a sid. Is TOCSIN['{SETTING}']['url'] its Messages resource?",
    )


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer; empty where it is something else."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
