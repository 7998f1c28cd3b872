"""What may be shown of a request: its origin, and a short, harmless excerpt of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.channels.redact import pieces_of_url, strike

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.http.exchange import Request

EXCERPT_CHARACTERS = 200


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of a URL: no user info, path, query or fragment."""
    scheme, _, rest = url.partition("://")
    for end in "/?#\\":
        rest = rest.partition(end)[0]
    return excerpt(f"{scheme.lower()}://{rest.rpartition('@')[2].lower()}")


def excerpt(text: bytes | str, secrets: Iterable[str] = ()) -> str:
    """The first 200 characters of `text`, with secrets struck out and everything unprintable escaped."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = strike(text, secrets)
    clean = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[:EXCERPT_CHARACTERS]
    )
    return clean[:EXCERPT_CHARACTERS]


def secrets_of(request: Request) -> list[str]:
    """Every text of the request that an answer might echo: what was declared, and the pieces of the URL."""
    return [*filter(None, request.secret_values), *pieces_of_url(request.url)]
