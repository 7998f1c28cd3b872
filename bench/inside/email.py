"""E-mail: from due deliveries to recorded `sent`, the channel alone, and Django's `send_mail`."""

from __future__ import annotations

import warnings

from django.core.mail import send_mail

from bench.inside import messages, people
from tocsin.channels.email import EmailChannel
from tocsin.compat import mail_connection


def prepare(count: int) -> None:
    people.fill(count)
    people.settle()


def tocsin(count: int) -> float:
    """All deliveries of one event, which is planned before; mails per second."""
    people.clear()
    people.announce("email")
    people.plan()
    return count / people.deliver("email", count)


def alone(count: int) -> float:
    """The channel without the ledger; mails per second."""
    made = messages.made(count, lambda number: {"email_address": f"u{number}@example.net"})
    return count / messages.send_all(EmailChannel(), made)


def django(count: int, kept: bool) -> float:
    """`send_mail` with the same text and HTML, over one connection or over one for each; mails per second."""
    warnings.simplefilter("ignore")  # connection= is on its way out
    rendered = EmailChannel().render(messages.made(1, lambda _: {})[0])
    connection = mail_connection("default")

    def work() -> None:
        for number in range(count):
            send_mail(rendered.subject, rendered.text, None, [f"u{number}@example.net"],
                      html_message=rendered.html, connection=connection)  # fmt: skip

    if kept:
        connection.open()
    spent = people.seconds(work)
    connection.close()
    return count / spent
