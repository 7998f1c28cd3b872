"""Pipelined SMTP against a real server: what each recipient is answered, and what breaks costs nobody else."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter

import pytest

from tests.channels.email.mails import SMTP, MailFeed, message, messages, use_backend
from tests.servers.smtp_catcher import CLOSE, HANG, SmtpCatcher
from tocsin.channels.base import Cause, Rejected, Retry, Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.mail import idle
from tocsin.channels.outcomes import Later


@pytest.fixture(autouse=True)
def _own_connections(settings):
    settings.DEFAULT_FROM_EMAIL = "Tocsin <tocsin@example.org>"
    settings.TOCSIN = {}
    idle.close()
    yield
    idle.close()


@pytest.fixture
def deliver(settings):
    def run(server, given, later=(), seconds=30.0, **options):
        use_backend(settings, SMTP, **{"host": server.host, "port": server.port, "timeout": 5} | options)
        channel = EmailChannel()
        channel.deadline_seconds = seconds
        done = list(channel.send_batch(MailFeed(given, later)))
        outcomes = {item.target.identity: outcome for item, outcome in done}
        assert len(done) == len(outcomes) == len(given) + len(later), "each message is answered once"
        return outcomes

    return run


def recipients(caught):
    return Counter(address for item in caught for address in item.recipients)


@pytest.mark.parametrize("pipelining", [True, False])
def test_every_message_arrives_once_with_its_own_headers(deliver, pipelining):
    with SmtpCatcher(pipelining=pipelining) as server:
        outcomes = deliver(server, messages(60), messages(200)[60:])
    assert set(map(type, outcomes.values())) == {Sent}
    assert recipients(server.accepted) == Counter(outcomes.keys())
    assert server.sessions > 1
    for caught in server.accepted:
        number = caught.recipients[0].removeprefix("u").partition("@")[0]
        assert caught.parsed["To"] == caught.recipients[0]
        assert caught.parsed["Message-ID"] == f"<key-{number}@example.org>"
        assert caught.parsed["X-Tocsin-Delivery"] == f"d{number}"
        assert outcomes[caught.recipients[0]].provider_id.startswith(f"<key-{number}@example.org> 2.0.0 Ok")


@pytest.mark.parametrize("pipelining", [True, False])
def test_each_recipient_has_an_outcome_of_its_own(deliver, pipelining):
    replies = {0: "450 4.2.1 greylisted", 1: "550 5.1.1 no such user", 2: None, 3: "554 5.7.1 relay denied"}
    script = lambda address: replies[int(address[1:].partition("@")[0]) % 4]  # noqa: E731
    with SmtpCatcher(rcpt=script, pipelining=pipelining) as server:
        outcomes = deliver(server, messages(100))
    kinds = {
        0: Retry(Cause.SERVER_ERROR, "450 4.2.1 greylisted"),
        1: Rejected(Cause.REFUSED_RECIPIENT, "550 5.1.1 no such user", disable_destination=True),
        3: Rejected(Cause.REFUSED_RECIPIENT, "554 5.7.1 relay denied"),
    }
    for address, outcome in outcomes.items():
        number = int(address[1:].partition("@")[0]) % 4
        assert type(outcome) is Sent if number == 2 else outcome == kinds[number]
    assert recipients(server.accepted) == Counter(
        a for a in outcomes if int(a[1:].partition("@")[0]) % 4 == 2
    )


@pytest.mark.parametrize("pipelining", [True, False])
def test_421_in_mid_session_costs_no_message(deliver, pipelining):
    """A server that closes each session after ten recipients: the rest goes out on new connections."""
    count = Counter()

    def rcpt(address):
        number = server.commands[-1][0]
        count[number] += 1
        return "421 4.7.0 too many messages in this session" if count[number] > 10 else None

    with SmtpCatcher(rcpt=rcpt, pipelining=pipelining) as server:
        outcomes = deliver(server, messages(60))
    assert set(map(type, outcomes.values())) == {Sent}
    assert set(recipients(server.accepted).values()) == {1}


@pytest.mark.parametrize("pipelining", [True, False])
def test_the_last_message_goes_out_on_a_connection_that_was_at_rest(deliver, pipelining):
    """When all else is done, one session closes on the last message: another session has to be woken for it."""
    closed = []

    async def rcpt(address):
        if address != "u17@example.net" or closed:
            return None
        closed.append(address)
        while len(server.accepted) < 16:
            await asyncio.sleep(0.005)
        return "421 4.3.2 closing"

    with SmtpCatcher(rcpt=rcpt, pipelining=pipelining) as server:
        outcomes = deliver(server, messages(17), seconds=3)
    assert set(map(type, outcomes.values())) == {Sent}
    assert server.sessions == 2


def test_421_at_every_greeting_is_retry_for_all(deliver):
    with SmtpCatcher(greeting=lambda session: "421 4.3.2 too busy") as server:
        outcomes = deliver(server, messages(40))
    assert set(outcomes.values()) == {Retry(Cause.THROTTLED, "421 4.3.2 too busy")}
    assert server.sessions <= 3


def test_421_to_every_first_command_ends(deliver):
    with SmtpCatcher(mail=lambda address: "421 4.3.2 shutting down") as server:
        outcomes = deliver(server, messages(40))
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.THROTTLED}
    assert not server.messages
    assert server.sessions <= 12


@pytest.mark.parametrize("pipelining", [True, False])
def test_connection_lost_after_the_final_dot_is_not_sent_again(deliver, pipelining):
    with SmtpCatcher(
        data=lambda caught: CLOSE if "u3@example.net" in caught.recipients else None, pipelining=pipelining
    ) as server:
        outcomes = deliver(server, messages(12))
    assert outcomes["u3@example.net"].cause == Cause.DISCONNECTED
    assert "may have been sent" in outcomes["u3@example.net"].detail
    assert {type(outcome) for address, outcome in outcomes.items() if address != "u3@example.net"} == {Sent}
    assert set(recipients(server.messages).values()) == {1}


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_message_on_which_the_server_hangs_up_costs_no_other(deliver, pipelining):
    poison = {"u30@example.net"}
    tries = Counter()

    def rcpt(address):
        tries[address] += 1
        return CLOSE if address in poison else None

    with SmtpCatcher(rcpt=rcpt, pipelining=pipelining) as server:
        outcomes = deliver(server, messages(60))
    assert tries["u30@example.net"] == 2
    assert {address for address, outcome in outcomes.items() if type(outcome) is not Sent} == poison
    assert {outcomes[address].cause for address in poison} == {Cause.DISCONNECTED}
    assert set(recipients(server.accepted).values()) == {1}


def test_a_refused_sender_is_the_operators_mistake(deliver):
    with SmtpCatcher(mail=lambda address: "553 5.7.1 not your address") as server:
        outcomes = deliver(server, messages(5))
    assert set(outcomes.values()) == {Retry(Cause.NOT_AUTHORISED, "553 5.7.1 not your address")}
    assert [verb for _, verb in server.commands].count("MAIL") == 5


def test_message_id_is_the_same_in_each_attempt(deliver):
    with SmtpCatcher() as server:
        deliver(server, [message(attempt=1)])
        deliver(server, [message(attempt=2)])
    assert len({caught.parsed["Message-ID"] for caught in server.accepted}) == 1


def test_hanging_server_is_timeout_for_all_within_the_deadline(deliver):
    with SmtpCatcher(data=lambda caught: HANG) as server:
        outcomes = deliver(server, messages(40), seconds=0.6)
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.TIMEOUT}
    assert set(recipients(server.messages).values()) <= {1}


def test_server_that_never_greets_is_timeout(deliver):
    with SmtpCatcher(greeting=lambda session: HANG) as server:
        outcomes = deliver(server, messages(3), timeout=0.3)
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.TIMEOUT}


def test_slow_server_gives_back_untried_what_it_did_not_get_to(deliver):
    with SmtpCatcher(data=lambda caught: HANG if len(server.messages) > 4 else None) as server:
        outcomes = deliver(server, messages(30), seconds=2.0)
    kinds = Counter(map(type, outcomes.values()))
    assert kinds[Sent] == 4
    assert kinds[Later] > 0
    assert {o.cause for o in outcomes.values() if type(o) is Retry} == {Cause.TIMEOUT}


def test_closed_port_is_refused_for_all(deliver):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        server = SmtpCatcher(port=sock.getsockname()[1])
    outcomes = deliver(server, messages(5))
    assert {outcome.cause for outcome in outcomes.values()} == {Cause.REFUSED}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_wrong_password_is_the_operators_mistake(deliver):
    with SmtpCatcher(login=("tocsin", "right")) as server:
        outcomes = deliver(server, messages(5), username="tocsin", password="canary-password")
    assert {(type(o), o.cause) for o in outcomes.values()} == {(Retry, Cause.NOT_AUTHORISED)}
    assert "canary" not in repr(outcomes)
    with SmtpCatcher(login=("tocsin", "right")) as server:
        outcomes = deliver(server, messages(5), username="tocsin", password="right")
    assert {type(o) for o in outcomes.values()} == {Sent}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_missing_login_is_the_operators_mistake(deliver):
    with SmtpCatcher(login=("tocsin", "right")) as server:
        outcomes = deliver(server, messages(5))
    assert {(type(o), o.cause) for o in outcomes.values()} == {(Retry, Cause.NOT_AUTHORISED)}


def test_tls_that_is_asked_for_and_not_offered_is_never_given_up(deliver):
    with SmtpCatcher() as server:
        outcomes = deliver(server, messages(2), use_tls=True)
    assert {(type(o), o.cause) for o in outcomes.values()} == {(Retry, Cause.TLS)}
    assert not server.messages


def test_too_large_for_the_server_is_told_without_sending(deliver):
    with SmtpCatcher(max_bytes=20_000) as server:
        outcomes = deliver(
            server,
            [
                message("big@example.net", body="x" * 30_000, id="0192f0c4-0000-7000-8000-0000000000aa"),
                *messages(3),
            ],
        )
    assert outcomes.pop("big@example.net").cause == Cause.TOO_LARGE
    assert {type(o) for o in outcomes.values()} == {Sent}
    assert [verb for _, verb in server.commands].count("MAIL") == 3


def test_552_to_the_message_is_too_large(deliver):
    with SmtpCatcher(data=lambda caught: "552 5.3.4 message too big") as server:
        outcomes = deliver(server, messages(2))
    assert set(outcomes.values()) == {Rejected(Cause.TOO_LARGE, "552 5.3.4 message too big")}


def test_a_message_that_cannot_be_composed_harms_no_other(deliver, settings):
    bad = [
        message("a@example.net", title="x\r\nBcc: evil@example.net", id="a"),
        message("b@example.net\r\nRCPT TO:<evil@example.net>"),
        message("c@example.net", name="x\nBcc: e@e.org"),
        message("д@example.net"),
        message("d@example.net", body="\ud800", id="d"),
    ]
    with SmtpCatcher() as server:
        outcomes = deliver(server, [*bad, *messages(3)])
    assert [type(outcomes[item.target.identity]) for item in bad] == [Rejected] * 5
    assert recipients(server.accepted) == Counter(["u1@example.net", "u2@example.net", "u3@example.net"])


def test_wrong_sender_setting_is_retried_and_named(deliver, settings):
    settings.TOCSIN = {"FROM_EMAIL": "nobody"}
    with SmtpCatcher() as server:
        outcomes = deliver(server, messages(2))
    assert {(type(o), o.cause) for o in outcomes.values()} == {(Retry, Cause.BAD_SETTINGS)}
    assert "FROM_EMAIL" in outcomes["u1@example.net"].detail


def test_connection_is_kept_for_the_next_batch_and_renewed_when_lost(deliver):
    with SmtpCatcher() as server:
        deliver(server, messages(2))
        deliver(server, messages(2))
        assert server.sessions == 1
        idle.close()
        deliver(server, messages(2))
        assert server.sessions == 2
        port = server.port
    with SmtpCatcher(port=port) as server:
        assert {type(o) for o in deliver(server, messages(2)).values()} == {Sent}


def test_refill_is_asked_for_while_it_works_until_it_gives_nothing(settings):
    given = messages(40)
    feed = MailFeed(given[:10], given[10:])
    with SmtpCatcher() as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        channel = EmailChannel()
        channel.batch_size = 10
        assert len(list(channel.send_batch(feed))) == 40
    assert all(2 < free <= 10 for free in feed.asked)
    assert not feed.later
    assert len(feed.asked) >= 4
    assert feed.asked_in_vain <= 1, "an empty claim is not made again"


def test_closing_the_generator_closes_the_connections(settings):
    with SmtpCatcher(data=lambda caught: HANG if len(server.messages) > 1 else None) as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        batch = EmailChannel().send_batch(MailFeed(messages(5)))
        assert type(next(batch)[1]) is Sent
        batch.close()
        deadline = time.monotonic() + 5
        while server.open_sessions and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.open_sessions == 0


def test_large_bodies_and_lines_with_dots_arrive_whole(deliver):
    body = "\n\n".join(f".{'.' * (n % 3)}line {n}{'é' * (n % 200)}" for n in range(3000))
    with SmtpCatcher() as server:
        outcomes = deliver(server, messages(3, body=body))
    assert {type(o) for o in outcomes.values()} == {Sent}
    texts = {
        caught.parsed.get_body(("plain",)).get_content().replace("\r\n", "\n") for caught in server.accepted
    }
    assert len(texts) == 1
    assert body in texts.pop()


def test_send_sends_one(settings):
    with SmtpCatcher() as server:
        use_backend(settings, SMTP, host=server.host, port=server.port)
        assert type(EmailChannel().send(message())) is Sent
    assert len(server.accepted) == 1
