"""Forms by keyboard and over the end of a session: nothing that was typed is lost, nothing is sent twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.fixture
def visitor(site, browser, ana):
    found = site.visit(browser, ana)
    yield found
    found.context.close()
    assert found.complaints == []


def test_a_rule_is_built_by_keyboard_alone_and_its_listeners_appear_as_it_grows(visitor, ana):
    page = visitor.page
    page.goto("/desk/default/rules/add/")
    page.focus("#name")
    page.keyboard.type(f"By hand of {ana}")
    page.focus("#more_types")
    page.keyboard.type("message:*")
    page.focus("#people")
    page.keyboard.type(ana)
    page.locator("#trial-result", has_text="It applies, and tells 1.").wait_for()
    page.focus("#leaf-0")
    page.keyboard.press("Enter")
    page.locator("#c1-field").wait_for()
    page.focus("#c1-field")
    page.keyboard.type("title")
    page.focus("#c1-value")
    page.keyboard.type("nothing like it")
    page.locator("#trial-result", has_text="This rule would not apply to it.").wait_for()
    assert page.input_value("#name") == f"By hand of {ana}"
    page.focus("#c1-value")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules/*/")
    page.get_by_text("is kept, and holds from the next event on").wait_for()
    expect(page.locator("#c1-value")).to_have_value("nothing like it")


def test_what_was_typed_outlives_the_session(visitor, ana):
    page = visitor.page
    page.goto("/rules/add/")
    page.fill("#name", "Long thought about")
    page.check("[name=event_types][value=drill]")
    visitor.context.clear_cookies(name="tocsin_session")
    page.get_by_role("button", name="Keep this rule").click()
    page.wait_for_url("**/account/login/**")
    page.fill("#id_username", ana)
    page.fill("#id_password", ana)
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules/add/")
    page.get_by_role("button", name="Put it back").click()
    assert page.input_value("#name") == "Long thought about"
    assert page.is_checked("[name=event_types][value=drill]")
    page.get_by_role("button", name="Keep this rule").click()
    page.get_by_text("is kept, and holds").wait_for()
    page.goto("/rules/add/")
    expect(page.get_by_role("button", name="Put it back")).to_be_hidden()
    assert page.input_value("#name") == ""


def test_secrets_are_not_kept_in_the_browser(visitor):
    page = visitor.page
    page.goto("/destinations/add/?channel=webhook")
    page.fill("#id_label", "Chat")
    page.fill("#id_setting_secret", "whsec_never-to-be-kept")
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    assert "Chat" in kept
    assert "never-to-be-kept" not in kept


def test_a_double_click_sends_a_form_once(visitor):
    page = visitor.page
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.goto("/hours/")
    page.get_by_role("button", name="Keep this").dblclick()
    page.get_by_text("It is kept.").wait_for()
    assert len(sent) == 1


def test_a_test_is_sent_without_leaving_the_page(visitor, ana):
    page = visitor.page
    page.goto("/destinations/add/?channel=memory")
    page.fill("#id_label", "Box")
    page.fill("#id_setting_name", f"box of {ana}")
    page.keyboard.press("Enter")
    page.get_by_text("“Box” is kept.").wait_for()
    page.goto("/destinations/")
    page.evaluate("window.same = true")
    page.get_by_role("button", name="Send a test to Box").click()
    page.get_by_text("“Box”: sent").wait_for()
    assert page.evaluate("window.same") is True
    assert page.evaluate("document.activeElement.id").startswith("test-")


def test_the_pages_speak_french(site, browser, ana, tell):
    visitor = site.visit(browser, ana, locale="fr-FR")
    visitor.listening()
    assert visitor.page.locator("html").get_attribute("lang") == "fr"
    visitor.page.get_by_role("heading", name="Boîte de réception").wait_for()
    tell(ana, "Bonjour")
    panel = visitor.open_panel()
    panel.get_by_role("button", name="Tout marquer comme lu").wait_for()
    assert visitor.complaints == []
    visitor.context.close()


def tab_to(page, name):
    """Press Tab until what has the focus says this: its label, its text or its value."""
    said = "((at) => at && [at.ariaLabel, at.textContent, at.labels?.[0]?.textContent].join(' '))"
    deep = "let at = document.activeElement; while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;"
    for _ in range(80):
        page.keyboard.press("Tab")
        if name in (page.evaluate(f"(() => {{ {deep} return {said}(at); }})()") or ""):
            return
    raise AssertionError(f"Tab never came to {name!r}")


def test_a_day_by_keyboard_alone(visitor, ana, tell):
    page = visitor.page
    tell(ana, "Read me")
    visitor.see_count("1")
    page.goto("/inbox/")
    tab_to(page, "Skip to content")
    page.keyboard.press("Enter")
    tab_to(page, "Mark as read")
    page.keyboard.press("Enter")
    visitor.see_count("")
    # The stream may be faster than the answer, which puts a new item in the place of the one that has the focus.
    page.get_by_role("button", name="Mark as read").wait_for(state="detached")
    tab_to(page, "Dismiss")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing has happened that concerns you.").wait_for()
    page.goto("/hours/")
    tab_to(page, "Do not disturb until")
    tab_to(page, "from")
    page.keyboard.type("22:00")
    tab_to(page, "to")
    page.keyboard.type("07:00")
    tab_to(page, "Mon")
    page.keyboard.press("Space")
    tab_to(page, "Keep this")
    page.keyboard.press("Enter")
    page.get_by_text("It is kept.").wait_for()
    assert page.locator(".tocsin-week figcaption").inner_text().endswith("not Mon 22:00–07:00")
