"""The settings of a push destination: what a browser's PushSubscription holds, and the key it was made under."""

from __future__ import annotations

import base64
import binascii
import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels import http
from tocsin.channels.base import SettingsForm
from tocsin.channels.forms import as_validation_error
from tocsin.channels.http.urls import parse
from tocsin.channels.webpush.keys import public_key, public_keys
from tocsin.errors import InvalidInput

POINT_BYTES, AUTH_BYTES = 65, 16
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}", re.ASCII)
_AGAIN = _("is not as a browser makes it. Switch push off and on again in the browser.")


class WebpushForm(SettingsForm):
    """All of it comes from the browser, and is kept as it came: by its endpoint a browser is found again."""

    identity_fields = ("endpoint",)
    secret_fields = ("endpoint", "p256dh", "auth")

    endpoint = forms.CharField(
        label=_("Endpoint"),
        max_length=2048,
        help_text=_("Where the browser's push service takes messages: PushSubscription.endpoint."),
    )
    p256dh = forms.CharField(
        label=_("Public key of the browser"),
        max_length=100,
        help_text=_("PushSubscription.toJSON().keys.p256dh, in base64url."),
    )
    auth = forms.CharField(
        label=_("Secret of the browser"),
        max_length=40,
        help_text=_("PushSubscription.toJSON().keys.auth, in base64url."),
    )
    key = forms.CharField(
        label=_("Public key of this site"),
        max_length=100,
        required=False,
        help_text=_("Under which the browser subscribed (applicationServerKey); today's when left empty."),
    )

    def clean_endpoint(self) -> str:
        url: str = self.cleaned_data["endpoint"]
        try:
            parsed = parse(url)
            http.check_url(url)
        except InvalidInput as error:
            raise as_validation_error(error) from None
        if parsed.scheme != "https" and parsed.host not in LOOPBACK:
            raise ValidationError(_("has the scheme http. Push services take https only."))
        return url

    def clean_p256dh(self) -> str:
        return _point(self.cleaned_data["p256dh"])

    def clean_auth(self) -> str:
        return _written(_read(self.cleaned_data["auth"], AUTH_BYTES))

    def clean_key(self) -> str:
        """Written down even where it is today's: tomorrow another one may be."""
        if not self.cleaned_data["key"]:
            return public_key()
        key = _point(self.cleaned_data["key"])
        if key not in public_keys():
            raise ValidationError(
                _("is none of this site's keys. Switch push off and on again in the browser.")
            )
        return key


def _read(text: str, length: int) -> bytes:
    """The bytes in base64url. Raises ValidationError, which does not repeat the text."""
    bare = text.rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)) if _BASE64URL.fullmatch(text) else b""
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != length:
        raise ValidationError(_AGAIN)
    return raw


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _point(text: str) -> str:
    """An uncompressed point of the curve P-256. Raises ValidationError."""
    from cryptography.hazmat.primitives.asymmetric import ec

    raw = _read(text, POINT_BYTES)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        raise ValidationError(_AGAIN) from None
    return _written(raw)
