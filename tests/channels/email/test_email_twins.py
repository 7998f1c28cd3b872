"""The bytes of our SMTP path and the message that other mail backends get say the same."""

from __future__ import annotations

import email
import email.policy
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.channels.email.mails import message
from tocsin.channels.base import Rejected
from tocsin.channels.email.letter import letter_of, personal_of
from tocsin.channels.mail import compose, wire
from tocsin.channels.mail.backend import mail_of
from tocsin.channels.mail.compose import Refused
from tocsin.levels import Level

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)
LINES = st.lists(
    st.one_of(TEXT, st.sampled_from([".", "..", ".x", "From me", "-- ", "", "é" * 90, "x" * 1200])),
    max_size=12,
).map("\n".join)
ATOM = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True)
ADDRESS = st.builds(
    "{}@{}.example.org".format,
    st.lists(ATOM, min_size=1, max_size=3).map(".".join),
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", fullmatch=True),
)
DATE = "Thu, 01 Jan 2026 00:00:00 +0000"


@pytest.fixture(autouse=True)
def _sender(settings):
    settings.DEFAULT_FROM_EMAIL = '"Töcsin, Inc." <tocsin@bücher.example>'
    settings.TOCSIN = {}


def both(mail):
    """The mail as a receiver of each path reads it."""
    sender = compose.sender()
    letter, personal = letter_of(mail, sender), personal_of(mail, sender, DATE)
    ours = wire.addressed(wire.serialise(letter), personal)
    content = ours.content(b"")
    assert content.isascii()
    assert content.endswith(b"\r\n.\r\n")
    assert content.count(b"\r\n.\r\n") == 1, "only the final dot stands alone"
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    received = re.sub(rb"(?m)^\.", b"", content.removesuffix(b".\r\n"))
    other = mail_of(letter, personal).message()
    raw = (
        other.as_bytes(policy=email.policy.SMTP)
        if hasattr(other, "get_body")
        else other.as_bytes(linesep="\r\n")
    )
    return [email.message_from_bytes(data, policy=email.policy.default) for data in (received, raw)]


def read(parsed):
    # Django 5.2 folds right behind "Subject:", and Python's parser then keeps a blank that no reader shows.
    headers = {
        name: str(parsed[name]).strip()
        for name in parsed
        if name not in ("Content-Type", "Content-Transfer-Encoding")
    }
    for name in ("To", "From"):
        headers[name] = [(each.display_name, each.addr_spec) for each in parsed[name].addresses]
    bodies = [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n")) for part in parsed.iter_parts()
    ]
    return parsed.get_content_type(), headers, bodies


@settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    title=TEXT.filter(str.strip),
    body=LINES,
    name=TEXT,
    address=ADDRESS,
    organization=TEXT,
    level=st.sampled_from(Level),
    thread=st.sampled_from(["", "<key-0@example.org> 2.0.0 Ok"]),
)
@example(
    title="=?utf-8?q?Bcc:=20evil?=",
    body=".",
    name="=?utf-8?q?x?=",
    address="a@b.example.org",
    organization="",
    level=Level.INFO,
    thread="",
)
@example(
    title="x" * 300,
    body="x" * 5000,
    name='"Ana" <x@y>, Bob',
    address="a" * 60 + "@b.example.org",
    organization="",
    level=Level.ERROR,
    thread="",
)
@example(
    title="é" * 300,
    body="é" * 5000,
    name="Müller, Ana " * 9,
    address="a@b.example.org",
    organization="ö",
    level=Level.CRITICAL,
    thread="",
)
def test_both_paths_parse_equal(*, title, body, name, address, organization, level, thread):
    mail = message(
        address, name=name, title=title, body=body, level=level, type_label=organization, thread=thread
    )
    ours, theirs = both(mail)
    assert read(ours) == read(theirs)
    assert not ours.defects
    assert [each.addr_spec for each in ours["To"].addresses] == [address]


def test_subject_and_name_come_through_as_they_were_given():
    mail = message(
        "ana@example.net",
        name="Ana Müller-Ödegård",
        title="Überfällig: Rechnung 42 — 1 200 €, fällig «heute»",
    )
    for parsed in both(mail):
        assert parsed["Subject"].strip() == mail.event.title
        assert parsed["To"].addresses[0].display_name == "Ana Müller-Ödegård"
        assert parsed["From"].addresses[0].display_name == "Töcsin, Inc."
        assert parsed["From"].addresses[0].addr_spec == "tocsin@xn--bcher-kva.example"
        assert parsed["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("plain", "7bit"),
        ("x" * 99, "quoted-printable"),
        ("1 200 €", "quoted-printable"),
        ("Счёт оплачен. " * 20, "base64"),
    ],
)
def test_the_transfer_encoding_is_the_shortest_that_seven_bits_allow(body, encoding):
    for parsed in both(message(body=body, organization="acme", type_label=""))[:1]:
        text = parsed.get_body(("plain",))
        assert text["Content-Transfer-Encoding"] == encoding or (
            encoding == "7bit" and "·" in text.get_content()
        )


PAYLOADS = [
    "\r\nBcc: e@e.org",
    "\nBcc: e@e.org",
    "\rBcc: e@e.org",
    "x\x00y",
    "x\x0by",
    "x\x0cy",
    "x\x1by",
    "x\x7fy",
    "x\x85y",
    "x\u2028y",
    "x\u2029Bcc: e",
    "\r\n\r\n<script>",
    "x\r\n .\r\nMAIL FROM:<e@e.org>",
    "a\ud800b",
    "\t",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("field", ["title", "name", "address", "type", "id", "key", "thread"])
def test_no_header_carries_what_an_attacker_put_in(field, payload):
    """Refused for this message alone, or harmless: never another header."""
    value = "a" + payload + "b"
    changes = (
        {"address": f"{value}@example.net"}
        if field == "address"
        else {field: f"<{value}@example.org>" if field == "thread" else value}
    )
    mail = message(changes.pop("address", "ana@example.net"), **changes)
    if field == "key":
        for parsed in both(mail):
            assert re.fullmatch(r"<[0-9a-f]{32}@xn--bcher-kva.example>", parsed["Message-ID"].strip())
        return
    if field == "thread" and re.search(r"\s", value):
        for parsed in both(mail):
            assert parsed["References"] is None
        return
    with pytest.raises(Refused) as caught:
        both(mail)
    assert type(caught.value.outcome) is Rejected
    assert caught.value.outcome.disable_destination is False
