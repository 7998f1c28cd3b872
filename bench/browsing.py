"""`tocsin serve` on a database of its own, and somebody signed in who fetches pages."""

from __future__ import annotations

import contextlib
import http.client
import re
import time
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from tests.browser.visitor import Site
from tests.cli.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGIN = "/account/login/"


@contextlib.contextmanager
def served(home: Path, database: str) -> Iterator[Site]:
    """The standalone server, its tables made; yields where it is."""
    shell = Shell(home, {"TOCSIN_DATABASE_URL": database})
    shell.run("migrate")
    with shell.started("serve", "--port", "0") as server:
        yield Site(server.line_with("tocsin is at").split()[3], shell)


class Reader:
    """A person who is signed in."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self._cookies: SimpleCookie = SimpleCookie()
        page = self._ask("GET", LOGIN)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        given = {"username": name, "password": password, "csrfmiddlewaretoken": token[1], "next": "/inbox/"}
        self._ask("POST", LOGIN, urlencode(given), {"Content-Type": "application/x-www-form-urlencoded",
                                                    "Referer": url + LOGIN})  # fmt: skip

    def fetch(self, path: str) -> float:
        """The milliseconds until the whole answer was there, on a connection that was open already.

        Raises AssertionError for another status than 200.
        """
        self._connection.close()
        self._connection.connect()
        start = time.perf_counter()
        self._ask("GET", path)
        spent = (time.perf_counter() - start) * 1000
        assert self.status == http.HTTPStatus.OK, f"{path}: {self.status}"
        return spent

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> str:
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self._cookies.items())
        self._connection.request(method, path, body, {"Cookie": cookies} | (headers or {}))
        answer = self._connection.getresponse()
        self.status = answer.status
        for _, value in (pair for pair in answer.getheaders() if pair[0].lower() == "set-cookie"):
            self._cookies.load(value)
        return answer.read().decode()
