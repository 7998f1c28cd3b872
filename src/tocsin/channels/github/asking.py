"""One request of a conversation with GitHub: who asks, how it is written, and when its answer ends all."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.github.answers import read, strange

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.channels.base import Outcome

T = TypeVar("T")
Asking = Generator[http.Request, http.Response, T]
"""A part of a conversation. It may raise `Ended`."""

API_VERSION = "2022-11-28"
GAP_SECONDS = 1.0
"""Between two changes by one token, as GitHub asks of those who make many."""
MOST_BYTES = 4_000_000
"""Of an answer: a page of a hundred issues, whose texts may be long, or the issue that was made, text and all."""
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def size_of(value: object) -> int:
    """Bytes of a value as JSON."""
    return len(_encode(value).encode())


class Ended(Exception):
    """The conversation is over, with this outcome."""

    def __init__(self, outcome: Outcome, *, is_unauthorised: bool = False) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome
        self.is_unauthorised = is_unauthorised


class Access(NamedTuple):
    """A repository, and the token by which it is asked."""

    repository: str
    token: str
    limit_key: str

    def __repr__(self) -> str:
        return f"<Access to {self.repository}>"


def request(method: str, path: str, token: str, limit_key: str, body: object = None) -> http.Request:
    """A request below `TOCSIN["GITHUB_API_URL"]`."""
    return http.Request(
        f"{conf.get('GITHUB_API_URL').rstrip('/')}/{path}",
        b"" if body is None else _encode(body).encode(),
        {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {token}",
            "content-type": "application/json; charset=utf-8",
            "x-github-api-version": API_VERSION,
        },
        method=method,
        secret_values=(token,),
        limit_key=limit_key,
        most_bytes=MOST_BYTES,
        once=method == "POST",
    )


def ask(
    access: Access, method: str, path: str, body: object = None, *, passing: Collection[int] = ()
) -> Asking[http.Response]:
    """The answer to a request about the repository. Raises `Ended` unless it is a yes, or its status is `passing`."""
    path = f"repos/{access.repository}{path and '/'}{path}"
    asked = request(method, path, access.token, access.limit_key, body)
    response = yield asked._replace(gap=0.0 if method == "GET" else GAP_SECONDS)
    if 200 <= response.status < 300 or response.status in passing:
        return response
    raise Ended(read(response), is_unauthorised=response.status == 401)


def listed(access: Access, path: str, most_pages: int) -> Generator[http.Request, http.Response, list[Any]]:
    """The objects of a list, of at most so many pages of a hundred."""
    found: list[Any] = []
    for page in range(1, most_pages + 1):
        response = yield from ask(access, "GET", f"{path}&per_page=100&page={page}")
        found += objects_of(response)
        if 'rel="next"' not in response.header("link"):
            break
    return found


def objects_of(response: http.Response) -> list[dict[str, Any]]:
    """The objects of a JSON list; of one that was cut because it is too long, those that came whole."""
    text = response.body.decode("utf-8", "replace").strip()
    if not text.startswith("["):
        raise Ended(strange(response))
    found, place, decoder = [], 1, json.JSONDecoder()
    try:
        while (place := _next(text, place)) < len(text) and text[place] != "]":
            one, place = decoder.raw_decode(text, place)
            found.append(one)
    except (ValueError, RecursionError):
        if len(response.body) < MOST_BYTES:
            raise Ended(strange(response)) from None
    return [one for one in found if isinstance(one, dict)]


def object_of(response: http.Response) -> dict[str, Any]:
    """The JSON object that an answer is. Raises `Ended` where it is none."""
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Ended(strange(response))
    return found


def _next(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n,":
        place += 1
    return place
