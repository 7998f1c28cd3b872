"""Apprise writes tokens into its log lines and exceptions; nobody sees them."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
import requests
from apprise import Apprise

from tests.channels.apprise.samples import VALUES
from tests.servers.http_sink import HttpSink, Reply
from tocsin.channels.apprise import AppriseChannel, handover
from tocsin.channels.apprise.ears import EARS, listening
from tocsin.channels.apprise.plugins import all_plugins
from tocsin.channels.base import Cause, Retry, Sent
from tocsin.channels.forms import clean_settings
from tocsin.errors import InvalidInput
from tocsin.testing import make_message

channel = AppriseChannel()
TOKEN = "123456789:abcdefg_hijk"
TELEGRAM = {"service": "tgram", "values": VALUES["tgram"]}


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog):
    caplog.set_level(1)
    for name in ("apprise", "urllib3.connectionpool", "urllib3.util.retry"):
        caplog.set_level(1, name)


@pytest.mark.parametrize("reply", [Reply(), Reply(500, TOKEN.encode()), Reply(302), Reply(fault="drop")])
def test_sending_logs_nothing_of_apprises(caplog, monkeypatch, reply):
    with HttpSink([reply]) as sink:
        monkeypatch.setattr(all_plugins()["tgram"], "notify_url", sink.url + "bot")
        outcome = channel.attempt(make_message(TELEGRAM))
    assert sink.requests[0].path.startswith(f"/bot{TOKEN}/")
    assert TOKEN not in repr(outcome)
    assert not [record for record in caplog.records if record.name.startswith(("apprise", "urllib3"))]
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "given",
    [
        {"service": "tgram", "values": {"bot_token": "s3cret-and-wrong", "targets": "-1"}},
        {"service": "twilio", "values": VALUES["twilio"] | {"from_phone": "123", "auth_token": "5ec2e7"}},
        {"url": "tgram://s3cret-and-wrong/-1"},
        {"url": "nosuch://s3cret-and-wrong/-1"},
    ],
)
def test_saving_logs_nothing_of_apprises(caplog, given):
    with pytest.raises(InvalidInput) as caught:
        clean_settings(AppriseChannel.form, given, by_operator=True)
    for secret in ("s3cret-and-wrong", "5ec2e7"):
        assert secret not in caplog.text + repr(caught.value.errors)


def test_what_a_plugin_raises_is_logged_without_the_secrets(caplog, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError(f"cannot post to {args[0]} or https://x/{TOKEN.replace(':', '%3A')}")

    monkeypatch.setattr(requests, "post", fail)
    assert channel.attempt(make_message(TELEGRAM)) == Retry(Cause.BUG, "RuntimeError")
    assert "cannot post to" in caplog.text
    assert TOKEN not in caplog.text
    assert "abcdefg_hijk" not in caplog.text


def test_the_host_of_a_url_is_kept_back_too(caplog, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError(f"cannot post to {args[0]} with t0k3n-in-host")

    monkeypatch.setattr(requests, "post", fail)
    message = make_message({"url": "join://t0k3n-in-host/device"})
    monkeypatch.setattr(handover, "_plugin", lambda message, seconds: fail("x"))
    assert channel.attempt(message).cause == Cause.BUG
    assert "cannot post to" in caplog.text
    assert "t0k3n-in-host" not in caplog.text


def test_the_hosts_own_use_of_apprise_keeps_its_log(caplog):
    with HttpSink([Reply(500)]) as sink, HttpSink() as other:
        own = Apprise()
        own.add(sink.url.replace("http://", "json://"))
        assert not own.notify("hello")
        channel.send(make_message({"url": other.url.replace("http://", "json://")}))
    assert "Failed to send JSON" in caplog.text
    assert len(sink.requests) == 1


def test_what_is_heard_outside_is_forgotten():
    with listening() as outer:
        with listening() as inner:
            EARS.warning("in")
        EARS.warning("out")
    EARS.warning("nobody")
    assert ([line.text for line in inner], [line.text for line in outer]) == (["in"], ["out"])
    assert logging.getLogger("apprise").filters


def test_the_sent_message_says_nothing_of_the_settings(monkeypatch):
    with HttpSink() as sink:
        url = sink.url.replace("http://", "json://ana:p4ssw0rd@") + "t0ken"
        message = make_message({"url": url})
        assert channel.send(message) == Sent()
        shown = repr(channel.render(message)) + repr(message)
    assert "p4ssw0rd" not in sink.requests[0].body.decode() + shown
    assert "t0ken" not in shown


def test_python_writes_mails_as_before():
    """Apprise's e-mail plugin changes the registry of charsets as it is imported, for the whole process."""
    code = (
        "import django\nfrom django.conf import settings\nsettings.configure()\ndjango.setup()\n"
        "from email import charset\nbefore = charset.CHARSETS['utf-8']\n"
        "from tocsin.channels.apprise.plugins import plugin_class\nplugin_class('mailto')\n"
        "assert 'apprise.plugins.email' in __import__('sys').modules\n"
        "assert charset.CHARSETS['utf-8'] == before, charset.CHARSETS['utf-8']\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
