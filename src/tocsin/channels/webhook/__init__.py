"""Channel `webhook`: the event as signed JSON, posted to a URL. Follows standardwebhooks.com."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import (
    Abilities,
    Cause,
    Channel,
    Message,
    Outcome,
    Rejected,
    Rendered,
    SettingsForm,
)
from tocsin.channels.forms import as_validation_error
from tocsin.channels.webhook.headers import HeadersField
from tocsin.channels.webhook.payload import MAX_BODY_BYTES, Bodies, TooLargeError, document
from tocsin.channels.webhook.signing import key_of, make_secret, signed_headers
from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from django.utils.functional import Promise

    from tocsin.channels.base import Feed


class WebhookForm(SettingsForm):
    """The URL is a secret too: many carry a token in their path or query. So do most headers that people add."""

    identity_fields = ("url",)
    secret_fields = ("url", "secret", "previous_secret", "headers")

    url = forms.CharField(
        label=_("URL"), max_length=2048, help_text=_("Where the events are posted to: https://host/path.")
    )
    secret = forms.CharField(
        label=_("Secret"),
        max_length=200,
        required=False,
        help_text=_("whsec_ and at least 24 random bytes in base64; made when left empty."),
    )
    previous_secret = forms.CharField(
        label=_("Previous secret"),
        max_length=200,
        required=False,
        help_text=_("Signs too, until the receiver knows the new secret. Then leave it empty."),
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[("POST", "POST"), ("PUT", "PUT")],
        required=False,
        help_text=_("POST when left empty."),
    )
    headers = HeadersField(
        label=_("Headers"),
        required=False,
        help_text=_('Sent with each request, as a JSON object of texts: {"Authorization": "Bearer …"}.'),
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            http.check_url(url)
        except InvalidInput as error:
            raise as_validation_error(error) from None
        return url

    def clean_secret(self) -> str:
        return _checked(self.cleaned_data["secret"] or make_secret(), _("Leave it empty to have one made."))

    def clean_previous_secret(self) -> str:
        secret: str = self.cleaned_data["previous_secret"]
        if not secret:
            return ""
        if secret == self.cleaned_data.get("secret"):
            raise ValidationError(
                _("Must differ from the secret. Leave that one empty to have a new one made.")
            )
        return _checked(secret, _("Leave it empty when no secret is being replaced."))


def _checked(secret: str, remedy: str | Promise) -> str:
    try:
        key_of(secret)
    except ValueError as error:
        raise ValidationError(
            "%(problem)s. %(remedy)s", params={"problem": error, "remedy": remedy}
        ) from None
    return secret


class WebhookChannel(Channel):
    """Sends each message as one request; up to 64 at once, a quarter of them to one host."""

    slug = "webhook"
    label = _("Webhook")
    form = WebhookForm
    batch_size: ClassVar[int] = http.SLOTS
    deadline_seconds: ClassVar[float] = http.DEADLINE_SECONDS
    abilities: ClassVar[Abilities] = Abilities(formats=("json",), max_bytes=MAX_BODY_BYTES)

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """Scheme and host: the rest of a URL may be secret."""
        return http.origin_of(settings["url"])

    def render(self, message: Message) -> Rendered:
        return Rendered(message.event.title, message.event.body, payload=document(message))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        request = self.build(message, Bodies())
        if isinstance(request, http.Request):
            return http.post(request, deadline=self.deadline_seconds, probe=True)
        return request

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        build = partial(self.build, bodies=Bodies())
        return http.post_many(feed, build, slots=self.batch_size, deadline=self.deadline_seconds)

    def build(self, message: Message, bodies: Bodies) -> http.Request | Outcome:
        """The signed request: the same id and body in every attempt, a fresh timestamp."""
        settings = message.target.settings
        try:
            url, secret, keys = settings["url"], settings["secret"], signing_keys(settings)
        except (KeyError, ValueError):
            return Rejected(
                Cause.BAD_SETTINGS, "The destination has no usable URL and secret. Save it again."
            )
        try:
            body = bodies.of(message)
        except TooLargeError as error:
            return Rejected(Cause.TOO_LARGE, str(error))
        signed = signed_headers(message.key, int(clock.now().timestamp()), body, keys)
        own = settings.get("headers") or {}
        return http.Request(
            url,
            body,
            {**own, "content-type": "application/json", **signed},
            method=settings.get("method") or "POST",
            secret_values=(secret, settings.get("previous_secret", ""), *own.values()),
            limit_key=message.target.identity,
        )


def signing_keys(settings: Mapping[str, Any]) -> list[bytes]:
    """The keys that sign, newest first: two while a secret is being replaced. Raises KeyError, ValueError."""
    previous = settings.get("previous_secret")
    return [key_of(settings["secret"]), *([key_of(previous)] if previous else [])]
