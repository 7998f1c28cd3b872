"""A channel that keeps the contract, its far side in memory, and how to run the contract on one that does not."""

from __future__ import annotations

import html
import json
import re
import threading
from itertools import count
from typing import ClassVar

import pytest
from django import forms
from django.core.exceptions import ValidationError

from tocsin.channels.base import (
    Abilities,
    Cause,
    Channel,
    Rejected,
    Rendered,
    Retry,
    Sent,
    SettingsForm,
)
from tocsin.channels.text import one_line, to_html, to_text
from tocsin.testing import ChannelContract

MOST = 1000
TOKEN = "t0ken-s3cret"


class Exchange:
    """The far side: pagers ask it over a wire that is a method call. `<!name>` in a page calls everybody."""

    lines: ClassVar[dict[str, Exchange]] = {}
    numbers = count(1)

    def __enter__(self):
        self.url = f"line-{next(self.numbers)}"
        self.pages, self.kinds, self.closing = [], ["accepted"], threading.Event()
        self.lines[self.url] = self
        return self

    def __exit__(self, *exc):
        self.closing.set()
        del self.lines[self.url]

    def answer(self, *kinds):
        self.kinds = list(kinds)

    def payloads(self):
        return [json.dumps(page) for page in self.pages]

    def take(self, page, timeout):
        self.pages.append(page)
        kind = self.kinds.pop(0) if len(self.kinds) > 1 else self.kinds[0]
        if kind == "hanging":
            self.closing.wait(timeout)
            raise TimeoutError
        if kind == "dropping":
            raise ConnectionResetError
        return {"kind": kind, "id": f"page-{len(self.pages)}"}


class PagerForm(SettingsForm):
    identity_fields = ("line",)
    secret_fields = ("token",)
    line = forms.CharField(max_length=50)
    token = forms.CharField(max_length=50)

    def clean_line(self):
        return self._plain("line")

    def clean_token(self):
        return self._plain("token")

    def _plain(self, name):
        if not self.cleaned_data[name].isprintable():
            raise ValidationError("Has control characters.")
        return self.cleaned_data[name]


ANSWERS = {
    "refused": Rejected(Cause.REFUSED_CONTENT),
    "gone": Rejected(Cause.GONE, disable_destination=True),
    "throttled": Retry(Cause.THROTTLED, after=7),
    "failing": Retry(Cause.SERVER_ERROR),
}


class Pager(Channel):
    slug = "pager"
    label = "Pager"
    form = PagerForm
    abilities = Abilities(max_characters=MOST, updates=True, receipts=True)

    def target_label(self, settings):
        return settings["line"]

    def render(self, message):
        return Rendered(
            one_line(message.event.title), to_text(message.event.body), to_html(message.event.body)
        )

    def text(self, message):
        made = self.render(message)
        text = f"{made.subject}\n{made.text}"
        return text if len(text) <= MOST else text[: MOST - 1] + "…"

    def escape(self, text):
        return html.escape(text, quote=False)

    def page(self, message):
        page = {"key": message.key, "text": self.escape(self.text(message))}
        return page | {"of": message.thread} if message.thread else page

    def ask(self, message):
        line = Exchange.lines[message.target.settings["line"]]
        return line.take(self.page(message), self.deadline_seconds)

    def read(self, message, answer):
        return ANSWERS.get(answer["kind"]) or Sent(message.thread or answer["id"])

    def send(self, message):
        try:
            answer = self.ask(message)
        except TimeoutError:
            return Retry(Cause.TIMEOUT)
        except OSError:
            return Retry(Cause.DISCONNECTED)
        return self.read(message, answer)


class PagerAuthor:
    channel_class = Pager
    secrets = (TOKEN,)
    markup = ("<!all>",)
    bad_settings = (({"line": "x" * 51, "token": "x"}, "line"),)
    short_deadline = 0.05

    def far_side(self):
        return Exchange()

    def settings(self, far_side):
        return {"line": far_side.url, "token": TOKEN}

    def shown(self, sent):
        return html.unescape(re.sub(r"<!\w+>", "@EVERYBODY", json.loads(sent)["text"]))

    def keys(self, far_side):
        return [page["key"] for page in far_side.pages]


class PagerContract(PagerAuthor, ChannelContract):
    """The whole suite for the good channel."""


BAD: dict[str, tuple[type[Channel], set[str], dict]] = {}


def breaks(*promises, **of_contract):
    """Mark a channel that breaks these promises; the rest are attributes of its contract class."""

    def marked(channel):
        BAD[channel.__name__] = channel, {f"test_{promise}" for promise in promises}, of_contract
        return channel

    return marked


class Notes:
    """What became of each test of a run, by the name of its function."""

    def __init__(self):
        self.outcomes = {"passed": set(), "failed": set(), "skipped": set()}
        self.told = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.rpartition("::")[2].partition("[")[0]
            self.outcomes[report.outcome].add(name)
            if report.failed:
                self.told[name] = report.longreprtext


at_work: dict[str, type] = {}


def run(contract, folder):
    """Run a contract class in this process, as its author would. Returns the notes."""
    name = f"test_{folder.name}"
    at_work[name] = contract
    (folder / f"{name}.py").write_text(
        f"from {__name__} import at_work\n\n\nclass TestIt(at_work[{name!r}]):\n    pass\n"
    )
    (folder / "pytest.ini").write_text("[pytest]\n")
    notes = Notes()
    without = (f"-pno:{name}" for name in ("faulthandler", "cacheprovider", "unraisableexception"))
    alone = ("--disable-plugin-autoload", *without, f"--rootdir={folder}", f"-c{folder}/pytest.ini")
    pytest.main(["-q", "--tb=short", "--import-mode=importlib", *alone, str(folder)], [notes])
    return notes
