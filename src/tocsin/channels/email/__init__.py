"""The e-mail channel: Markdown as text and HTML, over pipelined SMTP or whatever mail backend the project has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext_lazy as _

from tocsin import conf
from tocsin.channels.base import Channel
from tocsin.channels.email import backend, render
from tocsin.channels.email.address import EmailForm
from tocsin.channels.email.clerk import Clerk
from tocsin.channels.email.pump import Pump
from tocsin.compat import mail_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.channels.base import Feed, Message, Rendered
    from tocsin.channels.outcomes import Outcome


class EmailChannel(Channel):
    """Sends to e-mail addresses."""

    slug = "email"
    label = _("E-mail")
    form = EmailForm
    batch_size = 500
    address_field = "email_address"
    uses_account_email = True

    def render(self, message: Message) -> Rendered:
        return render.render(message)

    def send(self, message: Message) -> Outcome:
        return next(outcome for _, outcome in self.send_batch(_Only(message)))

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        """Send a claim, and what more the feed gives. Each outcome is the answer for that recipient alone."""
        connection = mail_connection(conf.get("MAILER"))
        clerk = Clerk()
        if type(connection) is EmailBackend:
            pump = Pump(
                feed, connection, clerk.job, batch_size=self.batch_size, seconds=self.deadline_seconds
            )
            yield from pump.run()
        else:
            yield from backend.send_all(feed, connection, clerk.parts, self.deadline_seconds)


class _Only:
    """A feed of one message."""

    def __init__(self, message: Message) -> None:
        self.message = message

    def __iter__(self) -> Iterator[Message]:
        return iter((self.message,))

    def more(self, free: int) -> list[Message]:
        return []
