"""The SMS channel: a short text to a phone number, through a provider's HTTP API or through a mail gateway."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Outcome, Rendered, Retry
from tocsin.channels.sms import gateway, provider
from tocsin.channels.sms.number import SmsForm
from tocsin.channels.sms.render import render
from tocsin.channels.sms.segments import MOST_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed


class SmsChannel(Channel):
    """Sends by TOCSIN["SMS_HTTP"] where it is set, else by TOCSIN["SMS_GATEWAY_ADDRESS"]."""

    slug = "sms"
    label = _("SMS")
    form = SmsForm
    batch_size = http.SLOTS
    address_field = "phone_number"
    abilities = Abilities(formats=("text",), max_characters=MOST_CHARACTERS, receipts=True)

    def not_ready(self) -> str:
        if provider.account() is not None:
            return provider.not_ready()
        if conf.get(gateway.SETTING):
            return gateway.not_ready()
        return f"Set TOCSIN['{provider.SETTING}'] or TOCSIN['{gateway.SETTING}'] to send text messages."

    def host_of(self, settings: Mapping[str, Any]) -> str:
        account = provider.account()
        return "" if account is None else super().host_of({"url": account.url})

    def render(self, message: Message) -> Rendered:
        return render(message)

    def secrets_of(self, message: Message) -> list[str]:
        account = provider.account()
        return account.secrets if account is not None else []

    def send(self, message: Message) -> Outcome:
        account = provider.account()
        if account is not None:
            request = provider.request_of(message, account)
            if not isinstance(request, http.Request):
                return request
            return http.post(request, provider.read, deadline=self.deadline_seconds)
        if conf.get(gateway.SETTING):
            return gateway.send_one(message, seconds=self.deadline_seconds)
        return Retry(Cause.BAD_SETTINGS, self.not_ready())

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        account = provider.account()
        if account is not None:
            build = partial(provider.request_of, account=account)
            seconds = self.deadline_seconds
            return http.post_many(
                feed, build, provider.read, slots=self.batch_size, share=1.0, deadline=seconds
            )
        if conf.get(gateway.SETTING):
            return gateway.send_many(feed, batch_size=self.batch_size, seconds=self.deadline_seconds)
        return super().send_batch(feed)
