"""Notifications on a device, up to the push service and back: shown, clicked, closed."""

from __future__ import annotations

import json

from tests.browser.push.device import Device
from tests.browser.push.given import HOSTILE, NAME, SUBSCRIPTION, destinations

CLICK = """async (clicks) => {
  const seen = [];
  self.clients.openWindow = async (url) => { seen.push(`opened ${url}`); };
  WindowClient.prototype.focus = async function () { seen.push(`focused ${this.url}`); };
  for (const [data, action] of clicks) await open({ action, notification: { data, close() {} } });
  return seen;
}"""
CLICK_SHOWN = """async () => {
  self.clients.openWindow = async () => {};
  const [notification] = await self.registration.getNotifications();
  await open({ action: "", notification });
}"""
LISTEN = (
    "() => { new BroadcastChannel('tocsin:/api/v1/').onmessage = ({ data }) => { window.heard = data; }; }"
)
FORGET = "(await navigator.serviceWorker.getRegistration()).getNotifications()"
CLOSE = f"async () => {{ for (const one of await {FORGET}) one.close(); }}"


def test_what_happens_is_shown_and_what_is_read_is_closed(device, shell, ana, tell):
    device.switch_on()
    event = tell("Disk full", body="`/var` is **full**", level="critical", url="https://example.org/db1",
                 actions=[{"label": "Runbook", "url": "https://example.org/run"}])  # fmt: skip
    device.take()
    device.shows("[critical] Disk full")
    [shown] = device.shown()
    assert "/var is full" in shown["body"]
    assert (shown["tag"], shown["data"]["event"]) == (event, event)
    assert shown["data"]["url"] == "https://example.org/db1"
    assert shown["actions"] == ["Runbook"]
    assert shown["requireInteraction"]
    device.visitor.see_count("1")
    assert len(device.shown()) == 1
    device.visitor.open_panel().get_by_role("button", name="Mark as read").first.click()
    device.shows()
    device.page.keyboard.press("Escape")
    assert destinations(shell, ana) == NAME
    device.press("Switch off")
    device.says("They are off.")
    assert destinations(shell, ana) == "[]"
    assert device.page.evaluate(SUBSCRIPTION) is None


def test_it_is_closed_where_it_was_read_in_another_tab_or_on_another_device(
    device, site, browser, *, ana, tell
):
    device.switch_on()
    beside = device.visitor.another_tab("/preferences/")
    elsewhere = Device(site, browser, ana, device.service)
    for reader, title in ((beside, "one"), (elsewhere.visitor, "two")):
        tell(title)
        device.take()
        device.shows(title)
        reader.open_panel().get_by_role("button", name=f"Mark as read: {title}").click()
        device.shows()
        reader.page.keyboard.press("Escape")
    elsewhere.visitor.context.close()


def test_what_arrives_after_it_was_read_does_not_stay(device, tell):
    device.switch_on()
    tell("one")
    device.visitor.open_panel().get_by_role("button", name="Mark as read: one").click()
    device.visitor.see_count("")
    with device.page.expect_response("**/push/over/**"):
        device.take()
    device.shows()


def test_how_a_group_goes_on_is_shown_in_its_place(device, tell):
    device.switch_on()
    for status, title in (("open", "db1 is slow"), ("resolved", "[resolved] db1 is slow")):
        tell("db1 is slow", level="warning", status=status, group_key="db1")
        device.take()
        device.shows(title)


def test_for_what_is_not_understood_something_is_shown_too(device):
    device.switch_on()
    for text in ("", "no JSON", "[]", "null", '{"v": 2, "title": "from tomorrow"}', '{"v": 1, "title": {}}'):
        device.take(text)
        device.shows("There is something new")
        device.page.evaluate(CLOSE)
        device.shows()


def test_a_click_leads_to_where_the_message_says_and_nowhere_else(device):
    device.switch_on()
    device.take(json.dumps(HOSTILE))
    device.shows("<b>x</b>")
    [shown] = device.shown()
    assert (shown["data"]["url"], shown["data"]["links"]) == ("", ["https://example.org/a"])
    inbox = f"focused {device.site.url}/inbox/"
    clicks = [
        ({"url": "https://example.org/db1", "links": []}, "", "opened https://example.org/db1"),
        ({"url": "", "links": ["https://example.org/a"]}, "link-0", "opened https://example.org/a"),
        ({"url": "javascript:alert(1)", "links": ["data:text/html,x"]}, "link-0", inbox),
        ({"url": "javascript:alert(1)", "links": []}, "", inbox),
        (None, "", inbox),
    ]
    assert device.worker.evaluate(CLICK, [click[:2] for click in clicks]) == [click[2] for click in clicks]


def test_who_clicks_has_read_it_signed_in_or_not(device, ana, tell):
    device.switch_on()
    device.page.evaluate(LISTEN)
    for signed_in in (True, False):
        tell("one", url="https://example.org/db1")
        device.take()
        device.shows("one")
        device.visitor.see_count("1")
        if not signed_in:
            device.visitor.context.clear_cookies()
        device.worker.evaluate(CLICK_SHOWN)
        device.shows()
        if signed_in:
            device.visitor.see_count("")
            device.visitor.until("window.heard === 'changed'")
    device.sign_in(ana)
    device.visitor.see_count("")
