"""A site with keys for web push, a push service for it, and a person's device.

Chromium reaches no push service here, so its subscription is made at one on the loopback; what that one gets and
opens is handed to the service worker as the browser would.
"""

from __future__ import annotations

import itertools
import json
import urllib.request

import pytest

from tests.browser.push.device import Device
from tests.browser.test_browser_feed import serving
from tests.cli.shell import Shell
from tests.postgres import free_port
from tests.servers.push_service import PushService, make_vapid_key

KIND = "disk:state"
TYPE = """
[EVENT_TYPES."disk:state"]
label = "State of a disk"
channels = ["message", "webpush"]
"""
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
