"""Who signs out, by whatever door, is told nothing in that browser until they are back."""

from __future__ import annotations

import pytest
from django.contrib.auth import login, logout
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory

from tests.channels.webpush.given import PRIVATE, PUBLIC
from tests.servers.push_service import PushService
from tocsin.recipients.models import Destination
from tocsin.web.this_browser import COOKIE

URL = "/tocsin/push/"


@pytest.fixture
def device(settings):
    settings.TOCSIN = {**settings.TOCSIN, "WEBPUSH_KEYS": [PRIVATE]}
    with PushService() as service:
        yield service.make_subscription(PUBLIC)
        assert service.refused == []


class Browser(Client):
    """A browser at a host whose doors are its own views."""

    def _asked(self, user=None):
        request = RequestFactory().post("/door/")
        request.COOKIES = {name: one.value for name, one in self.cookies.items()}
        request.session = SessionStore()
        if user is not None:
            request.user = user
        return request

    def leave(self, user):
        logout(self._asked(user))

    def enter(self, user):
        login(self._asked(), user, "django.contrib.auth.backends.ModelBackend")
        self.force_login(user)

    def do(self, action, device):
        return self.post(URL, {"action": action, **device.settings}).json()["state"]


@pytest.fixture
def browser(ana, device):
    """Ana's, with notifications switched on."""
    found = Browser()
    found.enter(ana)
    assert found.do("on", device) == "on"
    return found


def told(device, tell, user):
    """Whether what happens to somebody is shown on the device."""
    before = len(device.pushed)
    tell(user, channel="webpush")
    return len(device.pushed) > before


def test_by_a_hosts_own_door_too(browser, ana, device, tell):
    assert told(device, tell, ana)
    browser.leave(ana)
    assert not told(device, tell, ana)
    browser.enter(ana)
    assert told(device, tell, ana)


def test_who_comes_next_is_not_told_what_is_anothers_even_where_nobody_signed_out(
    browser, ana, ben, *, device, tell
):
    browser.enter(ben)
    assert not told(device, tell, ana)
    browser.leave(ben)
    assert not told(device, tell, ana)
    browser.enter(ana)
    assert told(device, tell, ana)


def test_another_browser_goes_on(browser, ana, ben, *, device, tell):
    other = Browser()
    for user in (ana, ben):
        other.enter(user)
        other.leave(user)
    assert told(device, tell, ana)


def test_what_somebody_disabled_stays_so(browser, ana, device, tell):
    Destination.objects.update(disabled_at="2026-01-01T00:00:00Z", disabled_reason="By hand.")
    browser.leave(ana)
    browser.enter(ana)
    assert not told(device, tell, ana)
    assert Destination.objects.get().disabled_reason == "By hand."


def test_one_that_was_unsubscribed_waits_for_its_page(browser, ana, device, tell):
    browser.do("rest", device)
    browser.leave(ana)
    browser.enter(ana)
    assert not told(device, tell, ana)
    assert browser.do("renew", device) == "on"
    browser.leave(ana)
    assert not told(device, tell, ana)


def test_a_browser_that_cannot_say_what_it_was_is_known(browser, ana, ben, device):
    [before] = Destination.objects.all()
    new = {**device.settings, "endpoint": "https://push.example.org/2"}
    assert browser.post(URL, {"action": "renew", **new}).json() == {"state": "on"}
    [after] = Destination.objects.all()
    assert (after.pk, after.label) == (before.pk, before.label)
    assert after.identity != before.identity
    browser.force_login(ben)
    other = {**device.settings, "endpoint": "https://push.example.org/3"}
    assert browser.post(URL, {"action": "renew", **other}).json() == {"state": "unknown"}


def test_the_cookie_goes_where_that_of_the_session_goes_and_nobody_makes_one(
    browser, ana, settings, *, device, tell
):
    settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_DOMAIN = True, "example.org"
    cookie = browser.post(URL, {"action": "look", **device.settings}).cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["domain"]) == (True, True, "example.org")
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/")
    browser.cookies[COOKIE] = str(Destination.objects.get().pk)
    browser.leave(ana)
    assert told(device, tell, ana)


def test_what_is_gone_is_no_obstacle(browser, ana, device):
    Destination.objects.all().delete()
    browser.leave(ana)
    browser.enter(ana)


def test_a_fault_of_ours_closes_no_door(browser, ana, ben, *, device, tell, monkeypatch, caplog):
    def fail(row, reason):
        row.delete()
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("tocsin.recipients.destinations.disable", fail)
    browser.leave(ana)
    browser.enter(ben)
    assert caplog.text.count("was left as it was") == 2
    assert told(device, tell, ana)
