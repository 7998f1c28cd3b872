"""One event to many addresses: each has an answer of its own, whatever the others are answered."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.channels.email.mails import SMTP, MailFeed, messages, use_backend
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.mail import idle


@pytest.fixture(autouse=True)
def _own_connections(settings):
    settings.TOCSIN = {}
    idle.close()
    yield
    idle.close()


MIXED = {
    1: "450 4.2.1 greylisted",
    2: "550 5.1.1 no such user",
    3: "552 5.3.4 too big for this mailbox",
    4: "452 4.2.2 mailbox full",
}


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_hundred_mixed_answers_and_closing_sessions_mix_up_nothing(settings, pipelining):
    """Some are refused at RCPT, some at the final dot, and each session closes with 421 in its midst."""
    seen = Counter()

    def reply(address):
        return MIXED.get(int(address[1:].partition("@")[0]) % 10)

    def rcpt(address):
        session = server.commands[-1][0]
        seen[session] += 1
        if seen[session] == 8:
            return "421 4.3.2 closing"
        return reply(address) if int(address[1:].partition("@")[0]) % 2 else None

    with SmtpCatcher(
        rcpt=rcpt, data=lambda caught: reply(caught.recipients[0]), pipelining=pipelining
    ) as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        done = list(EmailChannel().send_batch(MailFeed(messages(100))))
    outcomes = {item.target.identity: outcome for item, outcome in done}
    assert len(done) == len(outcomes) == 100
    wanted = {
        1: Retry(Cause.SERVER_ERROR, MIXED[1]),
        2: Rejected(Cause.REFUSED_RECIPIENT, MIXED[2], disable_destination=True),
        3: Rejected(Cause.TOO_LARGE, MIXED[3]),
        4: Retry(Cause.SERVER_ERROR, MIXED[4]),
    }
    taken = set()
    for address, outcome in outcomes.items():
        kind = int(address[1:].partition("@")[0]) % 10
        if kind in wanted:
            assert outcome == wanted[kind], address
        else:
            assert type(outcome) is Sent, address
            taken.add(address)
    accepted = Counter(address for caught in server.accepted for address in caught.recipients)
    assert accepted == Counter(taken), "who was accepted is never sent to again"
    assert len(taken) == 60
    assert list(seen.values()).count(8) > 5, "sessions were closed in their midst"
