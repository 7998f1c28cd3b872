"""The subscription of a device: made, renewed, handed over, ended; and the line on the page that tells of it."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.conftest import run
from tests.browser.push.device import Device
from tests.browser.push.given import HOSTILE, NAME, ROWS, SUBSCRIPTION, destinations
from tests.browser.test_browser_axe import RULES, violations
from tests.browser.test_browser_feed import serving
from tests.cli.shell import Shell, eventually
from tests.postgres import free_port

RENEW = """async ([old, given, other]) => {
  const ended = [];
  const made = ({ endpoint, key, p256dh, auth }) => {
    const raw = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
    const options = { applicationServerKey: Uint8Array.from(raw, (one) => one.charCodeAt(0)).buffer };
    const unsubscribe = async () => { ended.push(endpoint); };
    return { endpoint, options, unsubscribe, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  };
  PushManager.prototype.subscribe = async () => made(other);
  const event = { oldSubscription: old && { endpoint: old }, newSubscription: given && made(given) };
  const told = await renew(event).catch(String);
  return { ended, told };
}"""
HANGING = """() => {
  const found = PushManager.prototype.getSubscription;
  PushManager.prototype.getSubscription = async function () {
    return Object.assign(await found.call(this), { unsubscribe: () => new Promise(() => {}) });
  };
}"""


def has(device, subscription):
    """The browser has this subscription, which it made without the page."""
    device.page.evaluate(
        "(given) => localStorage.setItem('subscribed', given)", json.dumps(subscription.settings)
    )


def endpoint_of(shell, name):
    """Where somebody's one destination for push leads."""
    unsealed = "__import__('tocsin.recipients.secrets', fromlist=['x']).unseal"
    return run(shell, f"{unsealed}({ROWS}.get().secrets)['endpoint']", name)


def test_the_browser_may_end_its_subscription_and_gets_another(device, shell, ana, keys):
    old = device.switch_on()
    new, foreign, own = (device.service.make_subscription(key) for key in (old.key, keys[1][1], old.key))
    told = device.worker.evaluate(RENEW, [old.endpoint, new.settings, None])
    assert (told["ended"], endpoint_of(shell, ana)) == ([], new.endpoint)
    told = device.worker.evaluate(RENEW, [new.endpoint, foreign.settings, own.settings])
    assert (told["ended"], endpoint_of(shell, ana)) == ([foreign.endpoint], own.endpoint)
    has(device, own)
    device.page.reload()
    device.says("They are on.")
    assert len(device.made) == 1
    assert (destinations(shell, ana), endpoint_of(shell, ana)) == (NAME, own.endpoint)


def test_a_browser_that_does_not_say_what_it_ended_gets_another_too(device, shell, ana):
    old = device.switch_on()
    new = device.service.make_subscription(old.key)
    run(
        shell,
        f"{ROWS}.update(disabled_at='2026-01-01T00:00:00Z', disabled_reason='The address is gone for good.')",
        ana,
    )
    assert device.worker.evaluate(RENEW, [None, None, new.settings]) == {"ended": [], "told": None}
    assert (destinations(shell, ana), endpoint_of(shell, ana)) == (NAME, new.endpoint)
    run(shell, f"{ROWS}.delete()", ana)
    other = device.service.make_subscription(old.key)
    assert device.worker.evaluate(RENEW, [None, None, other.settings])["ended"] == [other.endpoint]
    assert destinations(shell, ana) == "[]"


def test_what_the_worker_could_not_tell_the_page_tells(device, shell, ana):
    old = device.switch_on()
    new = device.service.make_subscription(old.key)
    device.visitor.context.clear_cookies()
    assert device.worker.evaluate(RENEW, [old.endpoint, new.settings, None])["ended"] == []
    has(device, new)
    device.sign_in(ana)
    device.says("They are on.")
    assert (destinations(shell, ana), endpoint_of(shell, ana)) == (NAME, new.endpoint)


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
    device.page.get_by_role("button", name="Sign out").click()
    device.page.wait_for_url("**/login/**")
    device.sign_in(ana)
    device.says("They are off, as said under")
    run(shell, f"{ROWS}.delete()", ana)
    for _ in range(2):
        device.page.reload()
        device.says("They are off.")
    assert destinations(shell, ana) == "[]"


def test_what_was_taken_away_elsewhere_is_not_made_again(device, shell, ana):
    device.switch_on()
    device.page.get_by_role("button", name="Sign out").click()
    device.page.wait_for_url("**/login/**")
    run(shell, f"{ROWS}.delete()", ana)
    device.sign_in(ana)
    device.says("They are off.")
    assert destinations(shell, ana) == "[]"
    assert device.page.evaluate(SUBSCRIPTION) is None


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


def test_who_signs_out_while_the_push_service_hangs_is_told_nothing_either(device, shell, ana):
    device.switch_on()
    device.page.evaluate(HANGING)
    device.page.get_by_role("button", name="Sign out").click()
    device.page.wait_for_url("**/login/**")
    assert destinations(shell, ana) == "['-Chrome on Linux']"
    device.sign_in(ana)
    device.says("They are on.")
    assert destinations(shell, ana) == NAME
    assert len(device.made) == 1


def test_who_signs_out_where_the_page_cannot_say_so_is_told_nothing_either(device, shell, ana):
    device.switch_on()
    device.page.route("**/push/", lambda route: route.abort())
    device.page.get_by_role("button", name="Sign out").click()
    device.page.wait_for_url("**/login/**")
    assert destinations(shell, ana) == "['-Chrome on Linux']"


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


def test_a_page_that_was_left_open_does_not_speak_for_who_comes_next(device, shell, ana):
    left = device.visitor.another_tab()
    ben = f"ben-{ana}"
    device.sign_in(ben)
    device.switch_on()
    expect(left.page.locator("#push")).to_be_hidden()
    kept = json.loads(device.page.evaluate("localStorage.getItem('tocsin:push:/')"))
    assert kept["me"] == device.line.get_attribute("data-me")
    assert (destinations(shell, ben), destinations(shell, ana)) == (NAME, "[]")


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


def test_they_can_be_switched_off_while_the_server_is_away(device):
    device.switch_on()
    device.page.route("**/push/", lambda route: route.abort())
    device.press("Switch off")
    device.says("They are off.")
    assert device.page.evaluate(SUBSCRIPTION) is None
    device.page.unroute("**/push/")
    device.page.reload()
    device.says("They are off.")


def test_a_push_service_that_cannot_be_reached_is_told(device, shell, ana):
    device.page.evaluate(
        "() => { PushManager.prototype.subscribe = async () => { throw new Error('away'); }; }"
    )
    device.press("Switch on")
    device.says("That did not work")
    assert destinations(shell, ana) == "[]"
