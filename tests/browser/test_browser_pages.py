"""Our pages in a real browser: they follow what happens, work by keyboard, and fit a phone."""

from __future__ import annotations

import pytest


@pytest.fixture
def visitor(site, browser, ana):
    found = site.visit(browser, ana)
    found.listening()
    yield found
    found.context.close()
    assert found.complaints == []


def test_the_inbox_page_takes_what_arrives(visitor, ana, tell):
    visitor.page.get_by_text("Nothing has happened that concerns you.").wait_for()
    tell(ana, "Here I am")
    visitor.page.locator(".tocsin-item", has_text="Here I am").wait_for()


def test_reading_on_the_page_is_seen_by_the_bell_without_a_page_load(visitor, ana, tell):
    tell(ana, "one")
    visitor.page.locator(".tocsin-item").wait_for()
    visitor.page.evaluate("window.same = true")
    visitor.page.get_by_role("button", name="Mark as read", exact=True).click()
    visitor.see_count("")
    visitor.page.locator(".tocsin-item:not(.unread)").wait_for()
    visitor.page.get_by_role("button", name="Dismiss", exact=True).click()
    visitor.page.get_by_text("Nothing has happened that concerns you.").wait_for()
    assert visitor.page.evaluate("window.same") is True


def test_whoever_follows_a_link_has_read_the_item(visitor, ana, tell):
    tell(ana, "Look there", url="/inbox/?show=dismissed")
    visitor.page.get_by_role("link", name="Look there").first.click()
    visitor.page.wait_for_url("**/?show=dismissed")
    visitor.page.goto("/inbox/")
    visitor.page.locator(".tocsin-item:not(.unread)", has_text="Look there").wait_for()


def test_without_scripts_the_forms_do_the_same(site, browser, ana, tell):
    tell(ana, "one")
    visitor = site.visit(browser, ana, java_script_enabled=False)
    visitor.page.get_by_role("button", name="Mark as read", exact=True).click()
    visitor.page.locator(".tocsin-item:not(.unread)").wait_for()
    visitor.context.close()


def test_the_story_of_an_event_follows_its_deliveries(visitor, ana, tell):
    event = tell(ana, "On its way", to=["email:x@example.org"], channel="email")
    visitor.page.goto(f"/events/{event}/")
    visitor.page.locator(".tocsin-line.tocsin-state-retrying").wait_for()
    assert visitor.page.get_by_text("The connection was refused.").count() >= 1
    visitor.page.get_by_role("button", name="Cancel what is unsent").click()
    visitor.page.get_by_text("The event is cancelled.").wait_for()
    visitor.page.locator(".tocsin-line.tocsin-state-cancelled").wait_for()


def test_times_are_told_in_words(visitor, ana, tell):
    tell(ana, "one")
    visitor.page.locator(".tocsin-item time").wait_for()
    visitor.until("document.querySelector('.tocsin-item time').textContent === 'now'")


@pytest.mark.parametrize("width", [320, 768, 1600])
def test_pages_fit_every_width(visitor, ana, tell, width):
    event = tell(ana, "A" * 120 + " and some words after it", body="`" + "x" * 300 + "`", level="error",
                 actions=[{"label": "Open the thing", "url": "/x"}])  # fmt: skip
    tell(ana, "B" * 100, channel="header_message", body="y" * 200)
    visitor.page.set_viewport_size({"width": width, "height": 700})
    for path in (
        "/inbox/",
        "/preferences/",
        "/hours/",
        "/pending/",
        "/tasks/",
        "/events/",
        f"/events/{event}/",
        "/deliveries/",
    ):
        visitor.page.goto(path)
        visitor.page.locator("tocsin-inbox .banner").wait_for()
        assert visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    visitor.bell().click()
    box = visitor.page.locator("tocsin-inbox .panel").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
