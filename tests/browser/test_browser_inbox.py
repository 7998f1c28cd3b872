"""The live inbox in a real browser, against a real server, told by other processes."""

from __future__ import annotations

import pytest

HOSTILE = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
HOSTILE_BODY = """<script>window.pwned=1</script><img src=x onerror=window.pwned=1>

[click](javascript:window.pwned=1) [data](data:text/html,x) <a href="javascript:window.pwned=1">x</a>

<svg onload=window.pwned=1><style>*{display:none}</style> ![i](x" onerror="window.pwned=1)"""


@pytest.fixture
def visitor(site, browser, ana):
    found = site.visit(browser, ana)
    found.listening()
    yield found
    found.context.close()
    assert found.complaints == []


def test_the_bell_counts_up_by_itself(visitor, ana, tell):
    visitor.see_count("")
    tell(ana, "one")
    visitor.see_count("1")
    tell(ana, "two")
    visitor.see_count("2")
    assert visitor.bell().get_attribute("aria-label") == "Notifications, 2 unread"


def test_the_list_shows_what_happened_and_reading_counts_down(visitor, ana, tell):
    tell(ana, "Backup done", body="**All** of it", level="warning", url="/inbox/?show=unread",
         actions=[{"label": "Look", "url": "https://example.org/"}])  # fmt: skip
    tell(ana, "Second")
    visitor.see_count("2")
    panel = visitor.open_panel()
    assert panel.locator(".title").all_inner_texts() == ["Second", "Backup done"]
    assert panel.locator("strong").inner_text() == "All"
    assert panel.get_by_label("Warning").count() == 1
    assert panel.get_by_role("link", name="Look").get_attribute("href") == "https://example.org/"
    panel.get_by_role("button", name="Mark as read: Second").click()
    visitor.see_count("1")
    panel.get_by_role("button", name="Mark all as read").click()
    visitor.see_count("")
    panel.locator("li.unread").first.wait_for(state="detached")


def test_an_open_list_takes_what_arrives(visitor, ana, tell):
    panel = visitor.open_panel()
    assert "Nothing new" in panel.inner_text()
    tell(ana, "Just now")
    panel.get_by_text("Just now").first.wait_for()


def test_a_banner_appears_and_stays_away_once_dismissed(visitor, ana, tell):
    tell(ana, "Read-only on Sunday", channel="header_message", level="warning")
    banner = visitor.page.locator("tocsin-inbox .banner")
    banner.wait_for()
    assert "Read-only on Sunday" in banner.inner_text()
    banner.get_by_role("button", name="Dismiss").click()
    banner.wait_for(state="detached")
    visitor.page.reload()
    visitor.listening()
    assert banner.count() == 0


def test_an_alert_takes_the_focus_and_gives_it_back(visitor, ana, tell):
    visitor.bell().focus()
    tell(ana, "Leave the building", channel="alert", level="critical", body="By the **stairs**.")
    dialog = visitor.page.get_by_role("dialog", name="Leave the building")
    dialog.wait_for()
    assert visitor.page.evaluate("document.activeElement.shadowRoot.activeElement.textContent") == "OK"
    visitor.page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert visitor.page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "bell"
    visitor.page.reload()
    visitor.listening()
    assert dialog.count() == 0
    assert visitor.page.locator(".tocsin-item", has_text="Leave the building").count() == 1


def test_alerts_are_asked_one_after_the_other_the_oldest_first(visitor, ana, tell):
    tell(ana, "First", channel="alert")
    visitor.page.get_by_role("dialog", name="First").wait_for()
    tell(ana, "Second", channel="alert")
    visitor.page.get_by_role("dialog", name="First").get_by_role("button", name="OK").click()
    visitor.page.get_by_role("dialog", name="Second").get_by_role("button", name="OK").click()
    visitor.page.locator("tocsin-inbox dialog[open]").wait_for(state="detached")


def test_tabs_and_browsers_of_one_person_stay_in_step(visitor, site, browser, ana, tell):
    beside = visitor.another_tab()
    elsewhere = site.visit(browser, ana)
    everywhere = (visitor, beside, elsewhere)
    tell(ana, "one")
    tell(ana, "banner", channel="header_message")
    tell(ana, "alert", channel="alert")
    for tab in everywhere:
        tab.see_count("1")
        tab.page.locator("tocsin-inbox .banner").wait_for()
        tab.page.get_by_role("dialog", name="alert").wait_for()
    visitor.page.get_by_role("dialog", name="alert").get_by_role("button", name="OK").click()
    for tab in everywhere:
        tab.page.locator("tocsin-inbox dialog[open]").wait_for(state="detached")
    visitor.page.locator("tocsin-inbox .banner button").click()
    visitor.open_panel().get_by_role("button", name="Mark all as read").click()
    for tab in everywhere:
        tab.page.locator("tocsin-inbox .banner").wait_for(state="detached")
        tab.see_count("")
    assert beside.complaints + elsewhere.complaints == []
    elsewhere.context.close()


def test_hostile_words_are_shown_and_not_obeyed(visitor, ana, tell):
    bad = {
        "body": HOSTILE_BODY,
        "actor": HOSTILE,
        "actions": [{"label": HOSTILE, "url": "https://example.org/"}],
    }
    for channel in ("message", "header_message", "alert"):
        event = tell(ana, HOSTILE, channel=channel, **bad)
    page = visitor.page
    page.locator("tocsin-inbox dialog[open]").wait_for()
    assert page.locator("tocsin-inbox dialog .title").inner_text() == HOSTILE
    page.locator("tocsin-inbox dialog .main").click()
    assert page.locator("tocsin-inbox .banner .title").inner_text() == HOSTILE
    visitor.open_panel()
    assert page.locator("tocsin-inbox .panel .title").inner_text() == HOSTILE
    page.keyboard.press("Escape")
    for path in ("/inbox/", "/events/", f"/events/{event}/"):
        page.goto(path)
        page.get_by_text(HOSTILE).first.wait_for()
        assert page.evaluate("window.pwned") is None
        assert (
            page.locator(
                "main img, main svg[onload], main a[href^='javascript'], main a[href^='data']"
            ).count()
            == 0
        )


def test_what_a_server_should_not_have_sent_is_left_out_by_the_element_too(visitor, ana, tell):
    item = {
        "id": "i1",
        "title": "x",
        "level": "info",
        "created_at": "2030-01-01T00:00:00Z",
        "url": "javascript:window.pwned=1",
        "html": "<p onclick='window.pwned=1'>kept <img src=x onerror=window.pwned=1>"
        "<a href='JaVaScRiPt:window.pwned=1'>link</a><iframe srcdoc='<script>parent.pwned=1</script>'></iframe></p>"
        "<script>window.pwned=1</script>",
        "actions": [{"label": "bad", "url": "data:text/html,x"}, {"label": "good", "url": "/inbox/"}],
    }
    visitor.page.route(
        "**/api/v1/inbox?channel=message*", lambda route: route.fulfill(json={"items": [item]})
    )
    panel = visitor.open_panel()
    assert panel.locator(".body").inner_html() == '<p>kept <a rel="noopener">link</a></p>'
    assert panel.locator(".title a").count() == 0
    assert panel.locator(".actions a").all_inner_texts() == ["good"]
    assert visitor.page.evaluate("window.pwned") is None
    visitor.complaints.clear()  # the policy speaks up too, while the markup is only parsed


def test_everything_can_be_done_from_the_keyboard(visitor, ana, tell):
    for title in ("one", "two"):
        tell(ana, title)
    visitor.see_count("2")
    keyboard = visitor.page.keyboard
    visitor.bell().focus()
    keyboard.press("Enter")
    visitor.page.locator("tocsin-inbox .panel .item").first.wait_for()
    assert visitor.bell().get_attribute("aria-expanded") == "true"
    visitor.until("document.activeElement.shadowRoot?.activeElement?.className === 'panel'")
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    visitor.see_count("1")
    assert visitor.page.locator("tocsin-inbox .item:not(.unread) .title").inner_text() == "one"
    keyboard.press("Escape")
    visitor.until("document.activeElement.shadowRoot?.activeElement?.className.startsWith('bell')")
    assert visitor.bell().get_attribute("aria-expanded") == "false"


def test_what_cannot_be_saved_is_said(visitor, ana, tell):
    tell(ana, "one")
    visitor.see_count("1")
    panel = visitor.open_panel()
    visitor.page.route("**/read", lambda route: route.fulfill(status=403, json={}))
    panel.get_by_role("button", name="Mark as read: one").click()
    panel.get_by_text("This could not be saved").wait_for()
    visitor.see_count("1")
