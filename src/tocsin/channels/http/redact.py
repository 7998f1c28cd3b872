"""What may be shown of a request: its origin, and a short, harmless excerpt of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.http.exchange import Request

EXCERPT_CHARACTERS = 200
SHORTEST_SECRET = 6


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
    for secret in sorted(set(secrets), key=len, reverse=True):
        if secret:
            text = text.replace(secret, "…")
    clean = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[:EXCERPT_CHARACTERS]
    )
    return clean[:EXCERPT_CHARACTERS]


def secrets_of(request: Request) -> list[str]:
    """Every text of the request that an answer might echo: what was declared, and the pieces of the URL.

    Pieces shorter than six characters ("api", "v1") are no secrets; striking them out would garble the rest.
    """
    secrets = [value for value in request.secret_values if value]
    _, _, rest = request.url.partition("://")
    path, _, query = rest.partition("?")
    for piece in [*path.split("/")[1:], *(part.partition("=")[2] for part in query.split("&")), query]:
        if len(piece) >= SHORTEST_SECRET:
            secrets += {piece, unquote(piece)}
    if "@" in (authority := path.partition("/")[0]):
        secrets += [part for part in authority.rpartition("@")[0].split(":") if part]
    return secrets
