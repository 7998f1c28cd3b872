"""Who tells the person whose page is open: `tocsin.notify()` in another process than the server's."""

from __future__ import annotations

import time

from django.contrib.auth.models import User

import tocsin
from bench.inside import people
from tocsin.inbox.queries import mark_all_read
from tocsin.tenants.tokens import create_token

READER = "reader"


def prepare(password: str) -> str:
    """Somebody who reads, and a token that may send events."""
    User.objects.create_user(READER, password=password)
    return create_token("bench", scopes=["events:write"])[1]


def tell() -> list[float]:
    """Send one event; when it was called and when it returned, in milliseconds of the clock on the wall."""
    called = time.time()
    tocsin.notify(
        "message:internal",
        title=people.TITLE,
        body=people.BODY,
        to=[f"user:name={READER}"],
        channel="message",
    )
    return [called * 1000, time.time() * 1000]


def read_all() -> int:
    return mark_all_read(User.objects.get(username=READER))
