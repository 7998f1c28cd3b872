"""Keeping secrets out of what people and logs see: values whose repr is hidden, and texts with secrets struck out."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHORTEST_SECRET = 6
"""Shorter pieces ("api", "v1") are no secrets; striking them out would garble the rest."""
MARK = "…"


class Secret(str):
    """Text that is used like any other, but whose repr shows nothing: tracebacks and debuggers print reprs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{MARK}'"


def hide(value: Any) -> Any:
    """`value` with every text in it, however deep, made a `Secret`."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, dict):
        return {name: hide(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [hide(inner) for inner in value]
    return value


def texts_of(value: Any) -> Iterator[str]:
    """Every text inside a secret value; of a URL also the pieces of its path and query, which people log apart."""
    if isinstance(value, str):
        if value:
            yield str(value)
        if "://" in value:
            yield from pieces_of_url(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner)


def secrets_of(settings: Mapping[str, Any], secret_fields: Iterable[str]) -> list[str]:
    """The texts that nothing made of these settings may show."""
    return [text for name in secret_fields for text in texts_of(settings.get(name))]


def pieces_of_url(url: str) -> Iterator[str]:
    """The parts of a URL that may be secret: user info, segments of the path, values of the query."""
    path, _, query = url.partition("://")[2].partition("?")
    authority, *segments = path.split("/")
    for piece in (*segments, *(part.partition("=")[2] for part in query.split("&")), query):
        if len(piece) >= SHORTEST_SECRET:
            yield from {piece, unquote(piece)}
    if "@" in authority:
        yield from (part for part in authority.rpartition("@")[0].split(":") if part)


def host_in(url: str) -> str:
    """The host of an HTTP URL, in lower case, without brackets, port and dot at the end; empty where it is none."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        return ""
    for end in "/?#\\":
        rest = rest.partition(end)[0]
    host = rest.rpartition("@")[2].lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


def strike(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets`."""
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        text = text.replace(secret, MARK)
    return text


def traceback_of(error: BaseException, secrets: Iterable[str]) -> str:
    """The traceback as it may be logged."""
    return strike("".join(traceback.format_exception(error)), secrets)
