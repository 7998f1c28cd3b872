"""Every page, without a violation of WCAG 2.2 AA that axe-core can see: light and dark, wide and on a phone."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from tests.browser.conftest import run
from tocsin.web import account_urls, urls

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PLACES = {
    "organization": "default", "event_type": "message:system", "channel": "email", "locale": "all",
    "token": "not-a-token",
}  # fmt: skip
OF_PAGE = {"desk-rule": ("number", "rule"), "rule": ("number", "mine"), "desk-destination": ("key", "shared")}
LARGEST = 100_000
"""Bytes of everything that is loaded before a page is first painted."""
FRAGMENTS = {"event-people", "desk-template-picture", "worker", "push", "push-over"}
"""Answers that are no pages of their own."""
numbers = itertools.count()


def named():
    """Each page with the converters of its address."""
    for one in urls.urlpatterns:
        yield from getattr(one, "url_patterns", [one])
    yield from account_urls.urlpatterns


PATTERNS = {pattern.name: pattern for pattern in named()}


@pytest.fixture(scope="module")
def staged(shell):
    name = f"axe{next(numbers)}"
    run(shell, "django.contrib.auth.get_user_model().objects.create_superuser(given, '', given)", name)
    root = str(Path(__file__).parent.parent.parent)
    fill = (
        "[sys.path.insert(0, given[0]), __import__('tests.browser.stage', fromlist=['x']).fill(given[1])][1]"
    )
    return json.loads(run(shell, fill, [root, name])) | {"name": name}


@pytest.fixture(scope="module")
def visitor(site, browser, staged):
    found = site.visit(browser, staged["name"])
    yield found
    found.context.close()
    assert found.complaints == []


def address(name, staged):
    """Where a page is; of a thing of the stage."""
    known = {
        **PLACES, "number": staged["rule"], "key": staged["own"], "event_id": staged["event"],
        "run_id": staged["run"],
        "series_id": 1, "user": staged["user"], "slug": staged["team"], "prefix": staged["prefix"],
    }  # fmt: skip
    if name in OF_PAGE:
        parameter, thing = OF_PAGE[name]
        known[parameter] = staged[thing]
    if "project" in name:
        known["slug"] = staged["project"]
    if name.startswith("desk-type"):
        known["key"] = staged["type"]
    wanted = set(PATTERNS[name].pattern.converters) | (
        {"organization"} if name.startswith("desk-") else set()
    )
    space = "tocsin-account" if name in ("login", "logout") else "tocsin"
    given = {parameter: known[parameter] for parameter in wanted}
    return reverse(f"{space}:{name}", urlconf="tocsin.server.urls", kwargs=given)


def violations(page, options=RULES):
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):  # it is large
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]


@pytest.mark.parametrize("name", PATTERNS.keys() - FRAGMENTS)
def test_every_page_can_be_used_by_everyone(visitor, staged, name):
    page = visitor.page
    path = address(name, staged)
    answer = page.request.get(path, max_redirects=0)
    if answer.status in (302, 405):  # it takes forms only, or leads elsewhere
        return
    assert answer.status == 200 or name == "unsubscribe", (path, answer.status)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(path)
    page.locator("tocsin-inbox .banner").first.wait_for()
    assert violations(page) == [], path
    page.emulate_media(color_scheme="dark")
    assert violations(page, {"runOnly": ["color-contrast"]}) == [], path
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    page.set_viewport_size({"width": 1280, "height": 720})


@pytest.mark.parametrize("part", ["panel", "menu", "dialog"])
def test_the_live_inbox_too(visitor, staged, tell, part):
    visitor.page.goto("/inbox/")
    visitor.page.locator("tocsin-inbox .banner").first.wait_for()
    if part == "dialog":
        tell(staged["name"], "Answer me", channel="alert", level="critical")
        visitor.page.get_by_role("dialog", name="Answer me").wait_for()
    else:
        visitor.open_panel()
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        assert violations(visitor.page) == [], scheme
    visitor.page.keyboard.press("Escape")


@pytest.mark.parametrize("name", ["inbox", "events", "desk-rules", "desk-rule", "overview", "preferences"])
def test_a_page_is_painted_after_less_than_100_kilobytes(site, browser, visitor, staged, name):
    state = visitor.context.storage_state()
    context = browser.new_context(base_url=site.url, storage_state=state)
    page = context.new_page()
    sizes = {}
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    urls = {}
    session.on(
        "Network.responseReceived", lambda said: urls.update({said["requestId"]: said["response"]["url"]})
    )
    session.on(
        "Network.loadingFinished", lambda said: sizes.update({said["requestId"]: said["encodedDataLength"]})
    )
    page.goto(address(name, staged), wait_until="load")
    paid = {
        urls[one]: size
        for one, size in sizes.items()
        if one in urls and "/api/" not in urlsplit(urls[one]).path
    }
    assert len(paid) > 5
    assert sum(paid.values()) < LARGEST, paid
    context.close()
