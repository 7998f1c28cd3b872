"""Notifications on a device, up to the push service and back: subscribed, shown, read, closed, ended.

Chromium reaches no push service here, so its subscription is made at one on the loopback; what that one gets and
opens is handed to the service worker as the browser would.
"""

from __future__ import annotations

import itertools
import json
import urllib.request

import pytest
from playwright.sync_api import Error, expect

from tests.browser.conftest import run
from tests.browser.device import Device
from tests.browser.test_browser_axe import RULES, violations
from tests.browser.test_browser_feed import serving
from tests.cli.shell import Shell, eventually
from tests.postgres import free_port
from tests.servers.push_service import PushService, make_vapid_key

NAME = "['Chrome on Linux']"
SUBSCRIPTION = "localStorage.getItem('subscribed')"
KIND = "disk:state"
TYPE = """
[EVENT_TYPES."disk:state"]
label = "State of a disk"
channels = ["message", "webpush"]
"""

HOSTILE = {
    "v": 1, "title": "<b>x</b>", "body": "<img src=x onerror=alert(1)>", "url": "javascript:alert(1)", "level": "mad",
    "links": [{"title": "A", "url": "https://example.org/a"}, {"title": "B", "url": "data:text/html,x"}, 7],
    "action": 5, "tag": None, "at": "never", "more": "many", "lang": None,
}  # fmt: skip
CLICK = """async (clicks) => {
  const seen = [];
  self.clients.openWindow = async (url) => { seen.push(`opened ${url}`); };
  WindowClient.prototype.focus = async function () { seen.push(`focused ${this.url}`); };
  for (const [data, action] of clicks) await open({ action, notification: { data, close() {} } });
  return seen;
}"""
RENEW = """async ([old, { endpoint, p256dh, auth }]) => {
  const unsubscribe = () => { throw new Error("not taken"); };
  const made = { endpoint, unsubscribe, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  await renew({ oldSubscription: { endpoint: old }, newSubscription: made });
}"""
FORGET = "(await navigator.serviceWorker.getRegistration()).getNotifications()"
CLOSE = f"async () => {{ for (const one of await {FORGET}) one.close(); }}"
MODELS = "__import__('tocsin.models', fromlist=['x'])"
ROWS = f"{MODELS}.Destination.objects.filter(user__username=given, channel='webpush')"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def far_side():
    with PushService() as found:
        yield found


@pytest.fixture
def service(far_side):
    far_side.answer("accepted")
    return far_side


@pytest.fixture(scope="module")
def keys():
    """Two keys, (private, public) each, of which the second comes later."""
    return make_vapid_key(), make_vapid_key()


@pytest.fixture(scope="module")
def shell(tmp_path_factory, keys):
    """A home of its own: no other server of these tests has the key."""
    home = tmp_path_factory.mktemp("pushing")
    config = home / "tocsin.toml"
    config.write_text(TYPE)
    given = {"TOCSIN_WEBPUSH_KEYS": keys[0][0], "TOCSIN_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}
    found = Shell(
        home, given | {"TOCSIN_CONFIG": str(config), "TOCSIN_WEBPUSH_CONTACT": "mailto:ops@example.org"}
    )
    found.run("migrate")
    return found


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def site(shell, port):
    with serving(shell, port) as found:
        yield found


@pytest.fixture(scope="module")
def token(shell):
    return shell.run("token", "create", "push")


@pytest.fixture
def ana():
    return f"ana{next(numbers)}"


@pytest.fixture
def tell(site, token, ana):
    """Has the server tell ana, in the inbox and on her devices; the event's id."""

    def send(title, **fields):
        given = {"type": KIND, "title": title, "to": [f"user:name={ana}"], **fields}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{site.url}/api/v1/events", json.dumps(given).encode(), headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)["events"][0]["id"]

    return send


@pytest.fixture
def device(site, browser, ana, service):
    found = Device(site, browser, ana, service)
    yield found
    found.visitor.context.close()
    assert found.visitor.complaints == []


def destinations(shell, name):
    """The labels of somebody's destinations for push, "-" before those that are not in use."""
    return run(shell, f"[('-' if one.disabled_at else '') + one.label for one in {ROWS}]", name)


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


def test_the_browser_may_end_its_subscription_and_gets_another(device, shell, ana):
    old = device.switch_on()
    new = device.service.make_subscription(old.key)
    device.worker.evaluate(RENEW, [old.endpoint, new.settings])
    assert destinations(shell, ana) == NAME
    device.page.evaluate("(given) => localStorage.setItem('subscribed', given)", json.dumps(new.settings))
    device.page.reload()
    device.says("They are on.")
    assert len(device.made) == 1
    with pytest.raises(Error, match="not taken"):
        device.worker.evaluate(RENEW, [old.endpoint, device.service.make_subscription(old.key).settings])


def test_what_was_lost_is_renewed_quietly(device, shell, ana, tell):
    device.switch_on()

    def is_back(subscriptions):
        device.page.reload()
        device.says("They are on.")
        assert destinations(shell, ana) == NAME
        assert len(device.made) == subscriptions

    device.page.evaluate("localStorage.removeItem('subscribed')")
    is_back(2)
    device.service.answer("gone")
    tell("one")
    eventually(lambda: destinations(shell, ana) == "['-Chrome on Linux']")
    is_back(3)


def test_what_was_ended_elsewhere_stays_so(device, shell, ana):
    device.switch_on()
    run(shell, f"{ROWS}.update(disabled_at='2026-01-01T00:00:00Z', disabled_reason='By hand.')", ana)
    device.page.reload()
    device.says("They are off, as said under")
    run(shell, f"{ROWS}.delete()", ana)
    for _ in range(2):
        device.page.reload()
        device.says("They are off.")
    assert destinations(shell, ana) == "[]"


def test_another_key_means_another_subscription(shell, browser, ana, service, keys):
    (first, old), (second, new) = keys
    port = free_port()
    with serving(shell, port) as site:
        device = Device(site, browser, ana, service)
        assert device.switch_on().key == old
    with serving(Shell(shell.home, shell.variables | {"TOCSIN_WEBPUSH_KEYS": f"{second},{first}"}), port):
        device.page.reload()
        device.says("They are on.")
        assert [one.key for one in device.made] == [old, new]
        assert destinations(shell, ana) == NAME
        device.visitor.context.close()


def test_who_signs_out_is_told_nothing_here_until_they_are_back(device, shell, ana):
    device.switch_on()
    device.take(json.dumps(HOSTILE))
    device.shows("<b>x</b>")
    device.page.get_by_role("button", name="Sign out").click()
    device.page.wait_for_url("**/login/**")
    assert device.page.evaluate(SUBSCRIPTION) is None
    assert device.shown() == []
    assert destinations(shell, ana) == "['-Chrome on Linux']"
    device.sign_in(ana)
    device.says("They are on.")
    assert destinations(shell, ana) == NAME


def test_who_comes_next_is_not_told_what_was_for_another(device, shell, ana):
    device.switch_on()
    device.take(json.dumps(HOSTILE))
    device.shows("<b>x</b>")
    ben = f"ben-{ana}"
    device.sign_in(ben)
    device.says("They are off.")
    assert device.page.evaluate(SUBSCRIPTION) is None
    assert device.shown() == []
    assert destinations(shell, ana) == "[]"
    device.switch_on()
    assert destinations(shell, ben) == NAME


def test_where_the_browser_blocks_them_the_line_says_what_to_do(device):
    device.says("They are off.")
    context = device.session.send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    setting = {
        "permission": {"name": "notifications"},
        "origin": device.site.url,
        "browserContextId": context,
    }
    device.session.send("Browser.setPermission", setting | {"setting": "denied"})
    device.says("The browser blocks them.")
    expect(device.line.get_by_role("button")).to_have_count(0)
    assert violations(device.page, RULES) == []
    device.session.send("Browser.setPermission", setting | {"setting": "granted"})
    device.says("They are off.")


def test_a_browser_without_push_has_no_such_line(device):
    device.visitor.context.add_init_script("delete window.PushManager;")
    device.page.reload()
    device.visitor.listening()
    expect(device.line).to_be_hidden()


def test_the_line_is_for_everyone(device):
    device.line.get_by_role("button", name="Switch on").focus()
    device.page.keyboard.press("Enter")
    device.says("They are on.")
    off = device.line.get_by_role("button", name="Switch off", description="Notifications on this device")
    expect(off).to_be_focused()
    for scheme in ("light", "dark"):
        device.page.emulate_media(color_scheme=scheme)
        assert violations(device.page, RULES) == [], scheme
    device.page.set_viewport_size({"width": 320, "height": 640})
    assert device.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert off.bounding_box()["height"] >= 24


def test_a_push_service_that_cannot_be_reached_is_told(device, shell, ana):
    device.page.evaluate(
        "() => { PushManager.prototype.subscribe = async () => { throw new Error('away'); }; }"
    )
    device.press("Switch on")
    device.says("That did not work")
    assert destinations(shell, ana) == "[]"
