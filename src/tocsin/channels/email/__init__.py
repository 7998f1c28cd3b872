"""The e-mail channel: Markdown as text and HTML, over pipelined SMTP or whatever mail backend the project has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tocsin.channels import mail
from tocsin.channels.base import Abilities, Channel, Sent
from tocsin.channels.email import render
from tocsin.channels.email.address import EmailForm
from tocsin.channels.email.letter import letter_of, personal_of, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.channels.base import Feed, Message, Rendered
    from tocsin.channels.outcomes import Outcome

STYLE = mail.Style(letter_of, personal_of)


class EmailChannel(Channel):
    """Sends to e-mail addresses."""

    slug = "email"
    label = _("E-mail")
    form = EmailForm
    batch_size = 500
    address_field = "email_address"
    uses_account_email = True
    unsubscribes = True
    abilities = Abilities(formats=("text", "html"), threads=True, receipts=True)

    def not_ready(self) -> str:
        return mail.not_ready()

    def render(self, message: Message) -> Rendered:
        return render.render(message)

    def send(self, message: Message) -> Outcome:
        return _in_thread(message, mail.send_one(message, STYLE, seconds=self.deadline_seconds))

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        """Send a claim, and what more the feed gives. Each outcome is the answer for that recipient alone."""
        sending = mail.send_many(feed, STYLE, batch_size=self.batch_size, seconds=self.deadline_seconds)
        for message, outcome in sending:
            yield message, _in_thread(message, outcome)


def _in_thread(message: Message, outcome: Outcome) -> Outcome:
    """A mail that hangs on another keeps the id of that one, so that all of a group hang on its first."""
    hangs = message.thread and isinstance(outcome, Sent) and root_of(message.thread)
    return Sent(message.thread) if hangs else outcome
