"""Who may take the ingest lane: requests whose head leaves nothing to decide. All others go by Django."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, close_old_connections

from tocsin.api import ingest
from tocsin.api.auth import bearer
from tocsin.server.lanes import MAX_LANE_BYTES
from tocsin.tenants import tokens

if TYPE_CHECKING:
    from tocsin.server import messages
    from tocsin.tenants.scope import Scope

OF_INTEREST = frozenset({b"authorization", b"content-type", b"content-length", b"idempotency-key"})
UNUSUAL = frozenset({b"transfer-encoding", b"content-encoding"})


@dataclass(frozen=True, slots=True)
class Head:
    """What the lane needs of the head of a request that it takes."""

    sender: Scope
    idempotency_key: str | None


async def admitted(request: messages.Scope) -> Head | None:
    """The head of a request that the lane takes: a small JSON body of a token that may send events.

    None for every other. So each refusal is worded in one place, the Django view.
    """
    if request["method"] != "POST" or request["query_string"]:
        return None
    headers = _single_headers(request)
    if headers is None:
        return None
    length = headers.get(b"content-length", "")
    if not (length.isdecimal() and len(length) < 10 and int(length) <= MAX_LANE_BYTES):
        return None
    token = bearer(headers.get(b"authorization", ""))
    if token is None or not ingest.is_json(headers.get(b"content-type", "")):
        return None
    sender = tokens.cached(token) or await asyncio.to_thread(_authenticate, token)
    if sender is None or not sender.may(ingest.WRITE):
        return None
    return Head(sender, headers.get(b"idempotency-key"))


def _single_headers(request: messages.Scope) -> dict[bytes, str] | None:
    """The headers that matter; None where one is given twice, or the body is encoded in some way."""
    found: dict[bytes, str] = {}
    for name, value in request["headers"]:
        if name in UNUSUAL or name in found or name.startswith(b"ce-"):
            return None
        if name in OF_INTEREST:
            found[name] = value.decode("latin-1")
    return found


def _authenticate(token: str) -> Scope | None:
    close_old_connections()
    try:
        return tokens.authenticate(token)
    except (DatabaseError, InterfaceError):
        return None  # the view will meet the same, and words it
    finally:
        close_old_connections()
