"""Whether the demo ended as it should: every expected end, and nothing else, anywhere."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING

from tocsin.cli.demo.cast import ADMIN
from tocsin.cli.demo.script import NEVER, NOTHING, REACHED, RETRYING, SKIPPED
from tocsin.deliveries import story
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.events.models import Event
from tocsin.tenants.scope import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.cli.demo.script import Play
    from tocsin.cli.demo.watch import Row, Watch

SECONDS = 10
VERBS = {REACHED: "reaches", SKIPPED: "is skipped for", RETRYING: "is tried again for"}
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def judge(watch: Watch, rows: list[Row]) -> Iterator[tuple[bool, str]]:
    """Each thing that must be true, and whether it is."""
    for row in rows:
        if row.end.how != NOTHING:
            yield row.is_settled, _sentence(row)
    play = watch.play
    yield from _events(play)
    yield from _nothing_else(watch, rows)
    yield from _pages(play)


def _sentence(row: Row) -> str:
    why = f" ({row.words.partition(': ')[2]})" if row.is_settled and row.end.how != REACHED else ""
    return f"{row.scene.title}: {row.end.channel} {VERBS[row.end.how]} {row.end.who}{why}"


def _events(play: Play) -> Iterator[tuple[bool, str]]:
    titles = set(Event.objects.values_list("title", flat=True))
    yield NEVER not in titles, "the event that was rolled back is not there"
    backup = play.scenes["backup"]
    same = backup.created == [True, False] and Event.objects.filter(title=backup.title).count() == 1
    yield same, "the request that was sent twice made one event"
    sent = [scene for scene in play.scenes.values() if scene.title != NEVER]
    yield titles == {scene.title for scene in sent}, "no event that nobody sent"
    lines = [
        line for scene in sent if scene.id for line in story.lines(OPERATOR, event=scene.id, limit=50).items
    ]
    yield len(lines) == sum(len(scene.ends) for scene in sent), "no delivery that nobody expects"
    coffee = play.scenes["coffee"]
    event = Event.objects.filter(pk=coffee.id).first()
    items = story.lines(OPERATOR, event=event, limit=50).items if event else []
    early = not event or any(line.created_at < event.due_at for line in items)
    yield not early, "what was due later was not sent before"
    yield (
        not Delivery.objects.filter(state=State.SENDING).exists(),
        "no delivery hangs in the midst of sending",
    )


def _nothing_else(watch: Watch, rows: list[Row]) -> Iterator[tuple[bool, str]]:
    expected = [one for row in rows if row.end.how == REACHED for one in watch.arrivals(row.scene, row.end)]
    stage = watch.play.stage
    twice = [one for one, count in Counter((one.address, one.title) for one in expected).items() if count > 1]
    yield not twice, "nothing came twice"
    mails = [one for one in stage.mailbox.arrivals if one not in expected]
    yield (
        not mails,
        "no mail that nobody expects" + "".join(f": {one.address} {one.title!r}" for one in mails),
    )
    posts = [one for one in stage.echo.arrivals if one not in expected]
    yield not posts, "no webhook that nobody expects, and none with a wrong signature"


def _pages(play: Play) -> Iterator[tuple[bool, str]]:
    url = play.stage.url
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    yield _answers(browser, f"{url}/healthz"), "the server says that it is healthy"
    yield _answers(browser, f"{url}/readyz"), "and ready"
    yield _signs_in(browser, url, play.cast.password), f"{ADMIN} signs in and finds the event in the ledger"


def _answers(browser: urllib.request.OpenerDirector, url: str) -> bool:
    try:
        with browser.open(url, timeout=SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _signs_in(browser: urllib.request.OpenerDirector, url: str, password: str) -> bool:
    try:
        with browser.open(f"{url}/account/login/", timeout=SECONDS) as page:
            token = CSRF.search(page.read().decode())
        fields = {"username": ADMIN, "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
        browser.open(
            f"{url}/account/login/", urllib.parse.urlencode(fields).encode(), timeout=SECONDS
        ).close()
        with browser.open(f"{url}/events/", timeout=SECONDS) as page:
            return "The disk of db1 is full" in page.read().decode()
    except (OSError, urllib.error.URLError):
        return False
