"""A loopback push service as strict as RFC 8030, 8188, 8291 and 8292, and the browsers that are subscribed at it.

It opens what it gets with the subscription's private key, as only a browser can.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import http_ece
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tocsin import clock
from tocsin.testing import HttpFarSide, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.testing.http_far_side import Arrival

LIMIT = 4096
DAY = 86_400
URGENCIES = {"very-low", "low", "normal", "high"}
TAKEN = Reply(201, headers={"Location": "/m/<n>-c4pability"})
"""The last part of Location lets who knows it take the message back."""


class RefusedByPushService(AssertionError):
    """What a push service would refuse, with the status it answers."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status


def need(kept: object, told: str, status: int = 400) -> None:
    if not kept:
        raise RefusedByPushService(status, told)


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    need(re.fullmatch(r"[A-Za-z0-9_-]+", text), f"no base64url without padding: {text[:80]!r}", 403)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as browsers write it."""
    return encode(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def make_vapid_key() -> tuple[str, str]:
    """A private key as WEBPUSH_KEYS has it, and its public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return encode(key.private_numbers().private_value.to_bytes(32, "big")), point(key)


@dataclass(frozen=True)
class Pushed:
    """A message that was taken, opened."""

    payload: dict[str, Any]
    headers: Mapping[str, str]
    claims: dict[str, Any]
    key: str
    """The public VAPID key that signed."""

    @property
    def topic(self) -> str:
        return self.headers.get("topic", "")


@dataclass
class Subscription:
    """A browser's side: what opens messages, and what was pushed to it."""

    endpoint: str
    key: str
    """The public VAPID key under which it subscribed; "" where it takes any."""
    auth: bytes
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    pushed: list[Pushed] = field(default_factory=list)
    """All that was taken."""
    waiting: list[Pushed] = field(default_factory=list)
    """What a browser finds that has slept until now: of one topic only the latest."""

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a destination of the channel webpush."""
        given = {"endpoint": self.endpoint, "p256dh": point(self.private), "auth": encode(self.auth)}
        return given | ({"key": self.key} if self.key else {})

    def opened(self, body: bytes) -> bytes:
        """The text of an encrypted body. Raises http_ece.ECEException."""
        plain: bytes = http_ece.decrypt(
            body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"
        )
        return plain

    def take(self, pushed: Pushed) -> None:
        self.pushed.append(pushed)
        if pushed.topic:
            self.waiting = [one for one in self.waiting if one.topic != pushed.topic]
        self.waiting.append(pushed)


class PushService(HttpFarSide):
    """`with PushService() as service:`; `service.make_subscription()` gives a browser.

    `service.answer("gone")` or `service.answer(Reply(404))` is what is answered to the next valid pushes; what
    is not valid is refused whatever was scripted, and told in `service.refused`.
    """

    def __init__(self, replies: Mapping[str, Reply] | None = None) -> None:
        super().__init__({"accepted": TAKEN, **(replies or {})})
        self.refused: list[str] = []
        self._subscriptions: dict[str, Subscription] = {}

    def make_subscription(self, key: str = "", *, token: str = "", auth: bytes = b"") -> Subscription:
        """A browser that subscribed, under this public VAPID key where one is given."""
        path = f"/push/{token or secrets.token_urlsafe(24)}"
        made = Subscription(self.url.rstrip("/") + path, key, auth or secrets.token_bytes(16))
        self._subscriptions[path] = made
        return made

    def payloads(self) -> list[str]:
        """Each message that arrived, opened, whatever was answered."""
        return [self._subscriptions[one.path].opened(one.body).decode() for one in tuple(self.requests)]

    def reply_to(self, arrival: Arrival) -> Reply:
        try:
            subscription, pushed = self._checked(arrival)
        except (RefusedByPushService, ValueError) as told:
            self.refused.append(str(told))
            return Reply(getattr(told, "status", 403))
        reply = super().reply_to(arrival)
        if 200 <= reply.status < 300 and not reply.fault:
            subscription.take(pushed)
        return reply

    def _checked(self, arrival: Arrival) -> tuple[Subscription, Pushed]:
        need(arrival.method == "POST", f"the method {arrival.method}", 405)
        subscription = self._subscriptions.get(arrival.path)
        if subscription is None:
            raise RefusedByPushService(404, "no such subscription")
        key, claims = check_vapid(arrival.headers.get("authorization", ""), self.url.rstrip("/"))
        need(subscription.key in ("", key), "another key than the one of the subscription", 403)
        check_headers(arrival.headers)
        need(len(arrival.body) <= LIMIT, f"a body of {len(arrival.body)} bytes", 413)
        try:
            payload = json.loads(subscription.opened(arrival.body))
        except (ValueError, http_ece.ECEException) as error:
            raise RefusedByPushService(400, f"not to be opened: {error}") from None
        return subscription, Pushed(payload, arrival.headers, claims, key)


def check_headers(headers: Mapping[str, str]) -> None:
    """RFC 8030, 5.2 to 5.4, and RFC 8291, 4."""
    need(re.fullmatch(r"[0-9]{1,9}", headers.get("ttl", "")), f"TTL: {headers.get('ttl')!r}")
    need(headers.get("urgency", "normal") in URGENCIES, f"Urgency: {headers.get('urgency')!r}")
    topic = headers.get("topic", "x")
    need(re.fullmatch(r"[A-Za-z0-9_-]{1,32}", topic), f"Topic: {topic!r}")
    need(headers.get("content-encoding") == "aes128gcm", "Content-Encoding is not aes128gcm", 415)
    need(
        headers.get("content-type", "application/octet-stream") == "application/octet-stream", "Content-Type"
    )


def check_vapid(header: str, origin: str) -> tuple[str, dict[str, Any]]:
    """The key and the claims of an Authorization header, as RFC 8292 says it must be."""
    need(header, "no Authorization", 401)
    scheme, _, parameters = header.partition(" ")
    given = dict(part.strip().split("=", 1) for part in parameters.split(",") if "=" in part)
    need(scheme.lower() == "vapid" and {"t", "k"} <= given.keys(), "not vapid t=…, k=…", 401)
    need(given["t"].count(".") == 2, "no JWT", 403)
    head, body, signature = given["t"].split(".")
    need(json.loads(decode(head)) == {"typ": "JWT", "alg": "ES256"}, "the head of the JWT", 403)
    raw = decode(signature)
    need(len(raw) == 64, "the length of the signature", 403)
    number = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(given["k"]))
    try:
        key.verify(number, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise RefusedByPushService(403, "the signature is not of the key") from None
    claims: dict[str, Any] = json.loads(decode(body))
    left = claims.get("exp", 0) - clock.now().timestamp()
    need(claims.get("aud") == origin, f"aud: {claims.get('aud')!r}", 403)
    need(0 < left <= DAY, f"exp: {left:.0f} s from now", 403)
    need(re.match(r"mailto:[^@\s<>]+@[^@\s<>]+$|https://[^\s]+$", str(claims.get("sub"))), "sub", 403)
    return given["k"], claims
