"""Signed webhooks (Standard Webhooks): who sent one is proved by a shared secret, and none is taken twice."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tocsin import conf
from tocsin.errors import FieldError, InvalidInput, NotFound, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
MOST_ID, MOST_KEY = 150, 200
LEAST_BYTES = 24
KNOWN = ("name", "secrets", "organization", "event")


class NotGenuine(Exception):
    """The signature, or its time, is not right. That is all that is said of it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One that the settings name."""

    name: str
    secrets: tuple[str, ...] = field(repr=False)
    organization: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the event that the sender leaves out, or may not choose."""


def senders() -> dict[str, Sender]:
    """Those of `WEBHOOK_SENDERS`, by name. Raises `InvalidInput`."""
    found = [_sender(given, index) for index, given in enumerate(conf.get("WEBHOOK_SENDERS"))]
    return {one.name: one for one in found}


def problems() -> Iterator[FieldError]:
    """What is wrong with the settings, for the system checks. Secrets are not repeated."""
    for index, given in enumerate(conf.get("WEBHOOK_SENDERS")):
        try:
            _sender(given, index)
        except InvalidInput as error:
            yield from error.errors


def _sender(given: Mapping[str, Any], index: int) -> Sender:
    where = f'TOCSIN["WEBHOOK_SENDERS"][{index}]'
    if unknown := sorted(set(given) - set(KNOWN)):
        raise invalid(where, f"has {', '.join(unknown)}.", f"Known are: {', '.join(KNOWN)}.")
    name, secrets = given.get("name"), given.get("secrets")
    if not isinstance(name, str) or not name or not name.replace("-", "").isalnum() or not name.isascii():
        raise invalid(
            f"{where}.name", "must be a word of letters, digits and hyphens.", "It stands in the address."
        )
    if not isinstance(secrets, list | tuple) or not secrets:
        raise invalid(
            f"{where}.secrets", "must be a list of secrets.", 'Write ["whsec_…"]; two while they change.'
        )
    for secret in secrets:
        if not _is_secret(secret):
            raise invalid(
                f"{where}.secrets", "has one that is none.", "Make one of 24 random bytes, in base64."
            )
    event = given.get("event", {})
    if not isinstance(event, dict) or not isinstance(given.get("organization", ""), str):
        raise invalid(where, "must have organization as a string and event as a dict.", "Leave them out.")
    return Sender(name, tuple(secrets), given.get("organization", ""), event)


def _is_secret(secret: object) -> bool:
    text = secret.removeprefix("whsec_") if isinstance(secret, str) else ""
    try:
        return len(base64.b64decode(text + "==")) >= LEAST_BYTES
    except ValueError:
        return False


def find(name: str) -> Sender:
    """The sender of a name. Raises `NotFound`."""
    found = senders().get(name)
    if found is None:
        raise NotFound(name)
    return found


def verify(sender: Sender, headers: Mapping[str, str], body: bytes) -> str:
    """The message's id, where it is signed by one of the secrets within five minutes. Raises `NotGenuine`."""
    given = {name: headers.get(name, "") for name in HEADERS}
    if not all(given.values()) or len(given["webhook-id"]) > MOST_ID or not given["webhook-id"].isprintable():
        raise NotGenuine
    for secret in sender.secrets:
        try:
            Webhook(secret).verify(body, given, json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return given["webhook-id"]
    raise NotGenuine


def fields_of(sender: Sender, message_id: str, given: object) -> dict[str, Any]:
    """The fields of the event. The message's id is its dedupe key: what is sent again is the same event."""
    if not isinstance(given, dict):
        raise InvalidInput(FieldError("event", "must be an object.", 'Send {"title": …}.', "#"))
    if given.get("dedupe_key") is not None:
        raise invalid("dedupe_key", "is the header webhook-id.", "Leave it out.")
    key = f"webhook:{sender.name}:{message_id}"[:MOST_KEY]
    return {**given, **sender.event, "organization": sender.organization, "dedupe_key": key}
