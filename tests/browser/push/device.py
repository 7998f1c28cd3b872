"""A person at a browser that may show notifications, and the push service in the place of its maker's."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.conftest import run
from tests.browser.visitor import PATIENCE, Visitor
from tests.cli.shell import eventually

SUBSCRIBED = """
// In the place of the browser's own push manager, which would ask a push service of its maker.
const name = "subscribed";
class Subscription {
  constructor(given) { this.given = given; this.endpoint = given.endpoint; }
  get options() {
    const raw = atob(this.given.key.replaceAll("-", "+").replaceAll("_", "/"));
    return { applicationServerKey: Uint8Array.from(raw, (one) => one.charCodeAt(0)).buffer };
  }
  toJSON() { const { endpoint, p256dh, auth } = this.given; return { endpoint, keys: { p256dh, auth } }; }
  async unsubscribe() { localStorage.removeItem(name); return true; }
}
PushManager.prototype.getSubscription = async () => {
  const kept = localStorage.getItem(name);
  return kept && new Subscription(JSON.parse(kept));
};
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
  if (!userVisibleOnly) throw new DOMException("no silent pushes", "NotAllowedError");
  const before = localStorage.getItem(name);
  const other = before && JSON.parse(before).key !== applicationServerKey;
  if (other) throw new DOMException("another key", "InvalidStateError");
  if (!before) localStorage.setItem(name, JSON.stringify(await window.madeSubscription(applicationServerKey)));
  return new Subscription(JSON.parse(localStorage.getItem(name)));
};
"""
LISTENED = """() => {
  if (window.taken === undefined) {
    window.taken = 0;
    navigator.serviceWorker.addEventListener("message", ({ data }) => { window.taken += data?.tocsin === "shown"; });
  }
  return window.taken;
}"""
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  const shown = await registration?.getNotifications() ?? [];
  return shown.map(({ title, body, tag, data, requireInteraction, actions }) =>
    ({ title, body, tag, data, requireInteraction, actions: actions.map(({ title }) => title) }));
}"""
COOKIE = """(lambda client: (client.force_login(django.contrib.auth.get_user_model().objects.get_or_create(
    username=given, defaults={"is_superuser": True})[0]), client.cookies["tocsin_session"].value)[1])(
    __import__("django.test", fromlist=["x"]).Client())"""


class Device:
    """A person at a browser that may show notifications, and its line to the push service."""

    def __init__(self, site, browser, name, service):
        self.site, self.service = site, service
        context = browser.new_context(base_url=site.url, locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        context.grant_permissions(["notifications"])
        context.expose_function("madeSubscription", self._make)
        context.add_init_script(SUBSCRIBED)
        self.visitor = Visitor(context, context.new_page())
        self.page = self.visitor.page
        self.made, self.registered = [], []
        self.session = context.new_cdp_session(self.page)
        self.session.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        self.session.send("ServiceWorker.enable")
        self.line = self.page.locator("#push")
        self.sign_in(name)

    def sign_in(self, name):
        cookie = {"name": "tocsin_session", "value": run(self.site.shell, COOKIE, name), "url": self.site.url}
        self.visitor.context.add_cookies([cookie])
        self.page.goto("/inbox/")

    def _make(self, key):
        made = self.service.make_subscription(key)
        self.made.append(made)
        return {**made.settings, "key": key}

    def _registered(self, said):
        self.registered += [one["registrationId"] for one in said["registrations"] if not one["isDeleted"]]

    def says(self, words):
        expect(self.line.get_by_text(words)).to_be_visible(timeout=PATIENCE)

    def press(self, name):
        self.line.get_by_role("button", name=name).click()

    def switch_on(self):
        self.press("Switch on")
        self.says("They are on.")
        return self.made[-1]

    def take(self, text=None):
        """Hand the service worker what the push service has opened, or `text`."""
        if text is None:
            eventually(lambda: self.made[-1].waiting or self.page.wait_for_timeout(30))
            text = json.dumps(self.made[-1].waiting.pop().payload)
        origin = self.page.evaluate("location.origin")
        given = {"origin": origin, "registrationId": self.registered[-1], "data": text}
        before = self.page.evaluate(LISTENED)
        self.session.send("ServiceWorker.deliverPushMessage", given)
        # Whoever asks meanwhile what is shown makes Chromium lose it.
        self.visitor.until(f"window.taken > {before}")

    def shown(self):
        return self.page.evaluate(SHOWN)

    def shows(self, *titles):
        """Wait until these are the titles of what is shown, and of nothing else."""
        eventually(
            lambda: [one["title"] for one in self.shown()] == list(titles) or self.page.wait_for_timeout(30)
        )

    @property
    def worker(self):
        return self.visitor.context.service_workers[-1]
