"""SMTP over TLS, at once and by STARTTLS: many messages, and certificates nobody should trust."""

from __future__ import annotations

import pytest
from cryptography import x509

from tests.channels.email.mails import SMTP, MailFeed, messages, use_backend
from tests.servers.certificates import Authority
from tests.servers.smtp_catcher import SmtpCatcher
from tocsin.channels.base import Cause, Retry, Sent
from tocsin.channels.email import EmailChannel
from tocsin.channels.mail import idle


class StrictAuthority(Authority):
    """Its certificates say what Python 3.13 asks of them: whose key they hold, who signed, and for what."""

    def _sign(self, name, key, extensions, days=30, signer=None):
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        more = [
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key((signer or self.key).public_key()), False),
            (x509.KeyUsage(digital_signature=True, key_cert_sign=key is self.key, **usage), True),
        ]
        return super()._sign(name, key, [*extensions, *more], days, signer)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    made = StrictAuthority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    idle.close()
    yield made
    idle.close()


def deliver(settings, server, given, **options):
    use_backend(settings, SMTP, host=server.host, port=server.port, timeout=5, **options)
    return [outcome for _, outcome in EmailChannel().send_batch(MailFeed(given))]


@pytest.mark.parametrize("at_once", [True, False])
def test_messages_arrive_over_tls(settings, authority, at_once):
    with SmtpCatcher(tls=authority.server("127.0.0.1"), tls_at_once=at_once) as server:
        option = {"use_ssl": True} if at_once else {"use_tls": True}
        outcomes = deliver(settings, server, messages(60, body="é\n\n" * 10_000), **option)
    assert {type(outcome) for outcome in outcomes} == {Sent}
    assert len(server.accepted) == 60


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("server_name", ["localhost", "expired", "stranger"])
def test_a_certificate_that_does_not_fit_is_never_accepted(settings, authority, at_once, server_name):
    contexts = {
        "localhost": lambda: authority.server("localhost"),
        "expired": lambda: authority.server("127.0.0.1", days=-1),
        "stranger": lambda: authority.server("127.0.0.1", trusted=False),
    }
    with SmtpCatcher(tls=contexts[server_name](), tls_at_once=at_once) as server:
        option = {"use_ssl": True} if at_once else {"use_tls": True}
        outcomes = deliver(settings, server, messages(2), **option)
    assert {(type(outcome), outcome.cause) for outcome in outcomes} == {(Retry, Cause.TLS)}
    assert not server.messages
