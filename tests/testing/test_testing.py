"""What the front door of `tocsin.testing` loads, and the messages it makes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import tocsin.testing
from tocsin.testing import make_message

PLUGIN_TEST = r"""
from tocsin.channels.base import Channel, Rendered, Sent, SettingsForm
from tocsin.testing import ChannelContract
from django import forms


class Form(SettingsForm):
    identity_fields = ("name",)
    name = forms.RegexField(r"^[a-z:/0-9.]+\Z", max_length=99)


class Quiet(Channel):
    slug, label, form, address_field = "quiet", "Quiet", Form, "name"
    arrived = []

    def render(self, message):
        return Rendered(message.event.title, message.event.body)

    def send(self, message):
        return Sent()


class TestQuiet(ChannelContract):
    channel_class = Quiet
    bad_settings = (({"name": "A"}, "name"),)

    def settings(self, far_side):
        return {"name": far_side.url}
"""


def elsewhere(folder, *arguments):
    """Run Python in another folder, where nobody has set Django up."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTEST"))
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_pytest_is_loaded_only_with_the_contract(tmp_path):
    program = """
import sys
from tocsin.testing import FarSide, HttpFarSide, Reply, frozen
assert not {"pytest", "_pytest"} & set(sys.modules)
from tocsin.testing import ChannelContract
assert "pytest" in sys.modules
"""
    assert elsewhere(tmp_path, "-c", program).stderr == ""


def test_it_offers_what_it_names_and_nothing_else():
    assert all(getattr(tocsin.testing, name).__name__ == name for name in tocsin.testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'ChannelContrast'"):
        tocsin.testing.ChannelContrast  # noqa: B018


def test_the_contract_runs_under_plain_pytest_without_django_set_up(tmp_path):
    (tmp_path / "test_quiet.py").write_text(PLUGIN_TEST)
    plain = ("-m", "pytest", "-q", "--disable-plugin-autoload", "-pno:cacheprovider")
    done = elsewhere(tmp_path, *plain, "-k", "names or settings or schema or address or render")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_overrides_of_a_message_are_its_own_or_its_events():
    message = make_message({"url": "https://x.example"}, delivery_id=7, attempt=2, title="Down", body="db1")
    assert (message.delivery_id, message.attempt, message.event.title) == (7, 2, "Down")
    assert message.target.settings == {"url": "https://x.example"}
    assert message.key == make_message(delivery_id=7).key != make_message(delivery_id=8).key
    with pytest.raises(TypeError, match="titel"):
        make_message(titel="Down")
