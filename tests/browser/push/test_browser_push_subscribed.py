"""The subscription of a device: made, renewed, handed over, ended; and the line on the page that tells of it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Error, expect

from tests.browser.conftest import run
from tests.browser.push.device import Device
from tests.browser.push.given import HOSTILE, NAME, ROWS, SUBSCRIPTION, destinations
from tests.browser.test_browser_axe import RULES, violations
from tests.browser.test_browser_feed import serving
from tests.cli.shell import Shell, eventually
from tests.postgres import free_port

RENEW = """async ([old, { endpoint, p256dh, auth }]) => {
  const unsubscribe = () => { throw new Error("not taken"); };
  const made = { endpoint, unsubscribe, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  await renew({ oldSubscription: { endpoint: old }, newSubscription: made });
}"""


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
