"""The list under the bell: reading, putting off and putting away, by mouse and by keyboard, in all tabs at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import run
from tests.browser.visitor import FEED

INSIDE = "document.activeElement.shadowRoot?.activeElement"
ITEMS = (
    "[...document.querySelector('tocsin-inbox').shadowRoot.querySelectorAll('.item .title')]"
    ".map((one) => one.textContent)"
)
SEEN = "fetch('/api/v1/inbox').then((answer) => answer.json()).then(({items}) => items.every((one) => one.seen_at))"
SHIFTS = """window.shifted = [];
const moved = ({ node, previousRect, currentRect }) =>
  `${(node?.outerHTML ?? node?.textContent)?.slice(0, 80)} ${previousRect.y} → ${currentRect.y}`;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.shifted.push([one.value, ...one.sources.map(moved)]);
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture
def visitor(site, browser, ana):
    found = site.visit(browser, ana, timezone_id="Europe/Oslo")
    found.listening()
    yield found
    found.context.close()
    assert found.complaints == []


@pytest.fixture
def told(shell, ana):
    """Sends several events from one other process."""

    def tell(*titles, **fields):
        common = {"type": "message:system", "to": [f"user:name={ana}"], "channel": "message", **fields}
        run(
            shell,
            "[tocsin.notify(**one).id for one in given]",
            [{**common, "title": title} for title in titles],
        )

    return tell


def label(visitor):
    return visitor.page.evaluate(f"{INSIDE}?.getAttribute('aria-label') || {INSIDE}?.textContent")


def shows(visitor, *titles):
    visitor.until(f"{ITEMS}.join() === '{','.join(titles)}'")


def test_what_is_put_away_or_off_goes_everywhere_at_once_read_or_not(visitor, site, browser, ana, told):
    told("one", "two", "three")
    visitor.see_count("3")
    elsewhere = site.visit(browser, ana)
    everywhere = (visitor, visitor.another_tab(), elsewhere)
    for tab in everywhere:
        tab.open_panel()
    panel = visitor.page.locator("tocsin-inbox .panel")
    panel.get_by_role("button", name="Mark as read: three").click()
    for tab in everywhere:
        tab.see_count("2")
    panel.get_by_role("button", name="Dismiss: three").click()  # the number on the bell stays as it is
    for tab in everywhere:
        shows(tab, "two", "one")
    panel.get_by_role("button", name="Snooze: two").click()
    panel.get_by_role("menuitem", name="Next week").click()
    for tab in everywhere:
        shows(tab, "one")
        tab.see_count("1")
    elsewhere.context.close()


def test_focus_goes_on_where_an_item_was(visitor, told):
    told("one", "two", "three")
    visitor.see_count("3")
    visitor.open_panel().get_by_role("button", name="Dismiss: two").focus()
    visitor.page.keyboard.press("Enter")
    shows(visitor, "three", "one")
    visitor.until(f"{INSIDE}?.closest('.item')?.textContent.includes('one')")
    visitor.page.get_by_role("button", name="Dismiss: one").press("Enter")
    visitor.until(f"{INSIDE}?.closest('.item')?.textContent.includes('three')")
    visitor.page.locator("tocsin-inbox .top button").press("Enter")
    visitor.see_count("")
    visitor.until(f"{INSIDE}?.className === 'panel'")
    visitor.page.get_by_role("button", name="Dismiss: three").press("Enter")
    visitor.until(f"{INSIDE}?.className === 'panel'")
    visitor.page.keyboard.press("Escape")
    visitor.until(f"{INSIDE}?.className.startsWith('bell')")


def test_an_item_is_put_off_by_keyboard(visitor, told):
    told("one", "two", "three")
    visitor.see_count("3")
    visitor.open_panel()
    keyboard = visitor.page.keyboard
    keyboard.press("End")
    assert label(visitor) == "Mark as read: one"
    keyboard.press("Home")
    assert label(visitor) == "Mark as read: three"
    keyboard.press("Tab")
    assert label(visitor) == "Snooze: three"
    keyboard.press("Enter")
    visitor.until(f"{INSIDE}?.role === 'menuitem'")
    keyboard.press("ArrowUp")
    assert label(visitor).startswith("Next week")
    keyboard.press("Home")
    assert label(visitor).startswith("In an hour")
    keyboard.press("Escape")
    visitor.until(f"{INSIDE}?.getAttribute('aria-label') === 'Snooze: three'")
    keyboard.press("Enter")
    visitor.until(f"{INSIDE}?.role === 'menuitem'")
    keyboard.press("ArrowDown")
    with visitor.page.expect_request("**/snooze") as asked:
        keyboard.press("Enter")
    until = datetime.fromisoformat(asked.value.post_data_json["until"])
    local = visitor.page.evaluate(f"new Date('{until.isoformat()}').getHours()")
    assert (local, until.minute, timedelta(0) < until - datetime.now(UTC) < timedelta(hours=34)) == (
        9,
        0,
        True,
    )
    shows(visitor, "two", "one")
    visitor.until(f"{INSIDE}?.closest('.item')?.textContent.includes('two')")
    assert visitor.page.get_by_role("status").filter(has_text="It comes back").count() == 1


def test_an_hour_is_an_hour_where_the_readers_clock_is_wrong(visitor, told):
    told("one")
    visitor.see_count("1")
    visitor.page.clock.install(time=datetime.now(UTC) - timedelta(days=3))
    visitor.page.reload()
    visitor.until(f"{FEED}.state")
    visitor.page.evaluate(f"{FEED}.refresh()")
    panel = visitor.open_panel()
    assert panel.locator("time").inner_text() == "now"
    panel.get_by_role("button", name="Snooze: one").click()
    with visitor.page.expect_request("**/snooze") as asked:
        panel.get_by_role("menuitem", name="In an hour").click()
    until = datetime.fromisoformat(asked.value.post_data_json["until"])
    assert abs(until - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=10)
    visitor.see_count("")


def test_a_second_click_asks_nothing_more(visitor, told):
    told("one", "two")
    visitor.see_count("2")
    panel = visitor.open_panel()
    held = []
    visitor.page.route("**/dismiss", lambda route: held.append(route))  # noqa: PLW0108 (playwright marks it)
    button = panel.get_by_role("button", name="Dismiss: one")
    button.click()
    button.click()
    button.click()
    visitor.until("true")
    assert len(held) == 1
    held[0].continue_()
    shows(visitor, "two")
    assert panel.locator(".trouble").inner_text() == ""


def test_what_was_on_the_screen_is_seen(visitor, told):
    told("one", "two")
    visitor.see_count("2")
    assert not visitor.page.evaluate(SEEN)
    visitor.open_panel()
    visitor.until(SEEN)
    visitor.see_count("2")


def test_a_banner_that_cannot_be_dismissed_says_so_and_stays(visitor, told):
    told("Read-only on Sunday", channel="header_message")
    banner = visitor.page.locator("tocsin-inbox .banner")
    visitor.page.route("**/dismiss", lambda route: route.fulfill(status=503, json={}), times=1)
    banner.get_by_role("button", name="Dismiss").click()
    banner.get_by_text("This could not be saved").wait_for()
    banner.get_by_role("button", name="Dismiss").click()
    banner.wait_for(state="detached")


def test_nothing_moves_while_a_page_loads(visitor, told):
    told("one")
    told("Read-only on Sunday", channel="header_message", body="For **an hour**.")
    visitor.page.add_init_script(SHIFTS)
    for path in ("/inbox/", "/events/", "/desk/default/rules/", "/preferences/"):
        visitor.page.goto(path)
        visitor.see_count("1")
        visitor.page.locator("tocsin-inbox .banner").wait_for()
        assert visitor.page.evaluate("window.shifted") == [], path


def test_a_page_left_open_over_night_keeps_what_was_typed(visitor, told):
    told("one")
    visitor.see_count("1")
    visitor.page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), {id: 'typed', value: 'a letter'}))"
    )
    panel = visitor.open_panel()
    visitor.context.clear_cookies()
    panel.get_by_role("button", name="Dismiss: one").click()
    visitor.until("document.querySelector('tocsin-inbox:not([show=banner])').hidden")
    assert visitor.page.locator("#typed").input_value() == "a letter"
    assert visitor.page.url.endswith("/inbox/")
