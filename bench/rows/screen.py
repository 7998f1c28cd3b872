"""Row 9: from notify() to the number on the bell of an open page. Limit: a bare server that pushes. Peer: polling."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench import servers
from bench.browsing import served
from bench.inside import Inside
from bench.results import Missing, Section, Times
from bench.venvs import PINS, python_of
from tests.browser.chromium import EXECUTABLE, chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from bench.results import Size

    Tell = Callable[[], list[float]]

READER = "reader"
AT_ONCE = 10
"""Samples of one contestant before the next has its turn."""
PEER = "notifications_hq"
INTERVAL = 15
"""Seconds between two looks of the peer's page, as it comes."""
EVENT = {
    "type": "message:internal",
    "title": "Invoice 42 is paid",
    "to": [f"user:name={READER}"],
    "channel": "message",
}
WATCH = """([host, inside]) => {
    const badge = (host ? document.querySelector(host).shadowRoot : document).querySelector(inside);
    let seen = [], waiting = [];
    const look = () => {
        waiting = waiting.filter(([number, tell]) => {
            const found = seen.find(([shown]) => shown >= number);
            if (found) tell(found[1]);
            return !found;
        });
    };
    new MutationObserver(() => {
        seen.push([Number(badge.textContent), performance.timeOrigin + performance.now()]);
        look();
    }).observe(badge, { childList: true, characterData: true, subtree: true });
    window.shown = (number) => new Promise((tell) => { waiting.push([number, tell]); look(); });
    window.forget = () => { seen = []; return Number(badge.textContent); };
    window.skew = () => {
        const now = Date.now();
        while (Date.now() === now);
        return performance.timeOrigin + performance.now() - Date.now();
    };
}"""


class Screen:
    """A page whose number is watched from within: when it changed, by the clock that Python's `time()` reads too."""

    def __init__(self, page: Page, host: str, inside: str) -> None:
        self._page = page
        page.evaluate(WATCH, [host, inside])

    def shown(self, number: int) -> float:
        """Wait until the number is this or more; when it first was, in milliseconds of the wall clock."""
        return float(self._page.evaluate("number => window.shown(number)", number))

    def forget(self) -> int:
        """Begin anew; the number that is shown now."""
        return int(self._page.evaluate("() => window.forget()"))

    def skew(self) -> float:
        """How far the page's clock is from the wall clock, in milliseconds."""
        return float(self._page.evaluate("() => window.skew()"))

    def wait(self, milliseconds: float) -> None:
        self._page.wait_for_timeout(milliseconds)


class Contestant:
    """Somebody who tells, and the screen on which it is seen."""

    def __init__(
        self, what: str, screen: Screen, tell: Tell, read_all: Callable[[], Any] | None = None
    ) -> None:
        self.called = Times(f"{what}, from its call")
        self.returned = Times(f"{what}, from its return")
        self.screen, self.tell, self.read_all = screen, tell, read_all

    def take(self, count: int, gap: float) -> None:
        """So many samples, each after a random time of up to `gap` seconds."""
        number = self._begin()
        for _ in range(count):
            number += 1
            self.screen.wait(random.uniform(0, gap * 1000))
            self._note(self.tell(), self.screen.shown(number))

    def take_together(self, count: int, gap: float) -> None:
        """The same where waiting for each would take too long: all are sent, then each is looked for."""
        number = self._begin()
        sent = []
        for _ in range(count):
            self.screen.wait(random.uniform(0, gap * 1000))
            sent.append(self.tell())
        for place, moments in enumerate(sent, 1):
            self._note(moments, self.screen.shown(number + place))

    def _begin(self) -> int:
        if self.read_all is None:
            return self.screen.forget()
        self.read_all()
        while self.screen.forget():
            self.screen.wait(50)
        return 0

    def _note(self, moments: list[float], seen: float) -> None:
        called, returned = moments
        self.called.samples.append(seen - called)
        self.returned.samples.append(max(seen - returned, 0.0))


def run(size: Size) -> Section:
    if not EXECUTABLE.exists():
        raise Missing("apt-get install chromium")
    turns = 20 if size.rounds > 2 else 2
    with ExitStack() as opened, chromium() as browser:
        limit = opened.enter_context(_bare(browser))
        ours = [one for name, server in (("PostgreSQL", servers.postgres), ("SQLite", servers.sqlite))
                for one in opened.enter_context(_tocsin(browser, name, server))]  # fmt: skip
        peer = opened.enter_context(_peer(browser))
        for _ in range(turns):
            for one in (limit, *ours):
                one.take(AT_ONCE, 1)
        for _ in range(turns // 2):
            peer.take_together(AT_ONCE, 2 * INTERVAL / AT_ONCE)
        skew = max(abs(one.screen.skew()) for one in (limit, *ours, peer))
    for one in ours:
        one.called.limit = limit.called
    series = [found for one in ours for found in (one.called, one.returned)]
    return _section([*series, limit.called, peer.called], skew)


def _section(series: list[Times], skew: float) -> Section:
    return Section(
        "screen",
        "From `tocsin.notify()` in another process to the changed number on the bell of a page open in chromium, in "
        "milliseconds.",
        series,
        [
            (
                "tocsin: the inbox page of `tocsin serve`, told by server-sent events. What is notified in another "
                "process is planned there by its own inline engine, what is posted by the server. At random "
                "moments, up to a second apart: some come while the stream rests from the one before (0.2 s)."
            ),
            "from its return: 0 where the bell was faster than the answer.",
            "limit: a page of asyncio on uvicorn with nothing to store, which pushes a number when asked to.",
            (
                f"peer: {PINS[PEER][0]} on {PINS[PEER][1]}, its own script, which asks for the count "
                f"every {INTERVAL} s, as it comes; its interval alone implies a p50 of {INTERVAL / 2} s and a p99 of "
                f"{INTERVAL * 0.99:.1f} s (computed)."
            ),
            (
                "seen: a MutationObserver in the page, by `performance.timeOrigin + performance.now()`, at the most "
                f"{skew:.1f} ms from the clock of the sender; it is the change of the text, not yet its pixels."
            ),
        ],
        servers.versions("PostgreSQL", "SQLite") | {"chromium": _version()},
    )


def _version() -> str:
    said = subprocess.run([EXECUTABLE, "--version"], capture_output=True, text=True, check=False).stdout
    return next(word for word in said.split() if word[0].isdigit())


@contextmanager
def _tocsin(browser: Browser, name: str, server: Callable[[], Any]) -> Iterator[list[Contestant]]:
    """The served site and its open page; told by a process with tocsin, and over HTTP."""
    with (
        server() as database,
        tempfile.TemporaryDirectory() as home,
        Inside("screen", database, BENCH_ENGINE="inline") as inside,
    ):
        token = inside.call("prepare", password=READER)
        with served(Path(home), database) as site:
            visitor = site.visit(browser, READER)
            visitor.listening()
            screen = Screen(visitor.page, "tocsin-inbox", ".badge")
            post = _posting(site.url, token)
            read_all = partial(inside.call, "read_all")
            yield [
                Contestant(f"tocsin, {name}: notify()", screen, partial(inside.call, "tell"), read_all),
                Contestant(f"tocsin, {name}: POST /events", screen, post, read_all),
            ]


def _posting(url: str, token: str) -> Tell:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return partial(_asked, urlsplit(url).netloc, "/api/v1/events", json.dumps(EVENT), headers)


def _asked(host: str, path: str, body: str, headers: dict[str, str]) -> list[float]:
    """A POST on a connection that is open already; when it was called and when it was answered."""
    connection = http.client.HTTPConnection(host)
    connection.connect()
    called = time.time()
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    returned = time.time()
    connection.close()
    assert answer.status < http.HTTPStatus.BAD_REQUEST, answer.status
    return [called * 1000, returned * 1000]


@contextmanager
def _bare(browser: Browser) -> Iterator[Contestant]:
    port = servers.free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.inside.pushing:application", "--port", str(port),
               "--no-access-log", "--log-level", "warning"]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, servers.running(command, port, Path(folder)):
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        screen = Screen(page, "", "#badge")
        tell = partial(_asked, f"127.0.0.1:{port}", "/count", "", {})
        yield Contestant("limit: a bare server that pushes", screen, tell)


@contextmanager
def _peer(browser: Browser) -> Iterator[Contestant]:
    port = servers.free_port()
    script = Path(__file__).parents[1] / "peers" / "notifications_hq_live.py"
    with servers.sqlite() as database:
        process = subprocess.Popen(
            [python_of(PEER), "-W", "ignore", str(script), database, str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            screen = Screen(page, "", ".live_notify_badge")
            yield Contestant("peer: django-notifications-hq, live badge", screen, partial(_line, process))
        finally:
            process.communicate(timeout=30)


def _line(process: subprocess.Popen[str]) -> list[float]:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    found: list[float] = json.loads(process.stdout.readline())
    return found
