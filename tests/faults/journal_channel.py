"""Channel `journal`: as `memory`, but what it takes is on disk before it says so. It can be told to fail."""

from __future__ import annotations

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings

from tests.faults.journal import Journal
from tocsin.channels.base import Channel, Rendered, Sent, SettingsForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.channels.base import Feed, Message, Outcome

FILE = "channel.jsonl"


class JournalForm(SettingsForm):
    """A name, and what goes wrong there: "exit" ends the worker in the middle of the send."""

    identity_fields = ("name",)
    name = forms.CharField(max_length=200)
    fault = forms.ChoiceField(required=False, choices=[("", ""), ("exit", "exit")])
    seconds = forms.FloatField(required=False)


class JournalChannel(Channel):
    """Appends one line for each event of a message to `channel.jsonl`."""

    slug = "journal"
    label = "Journal"
    form = JournalForm
    batch_size = 50
    address_field = "name"

    @cached_property
    def journal(self) -> Journal:
        return Journal(settings.FOLDER / FILE)

    def render(self, message: Message) -> Rendered:
        return Rendered(message.event.title, message.event.body)

    def send(self, message: Message) -> Outcome:
        target = message.target.settings
        if target.get("fault") == "exit":
            os._exit(9)
        time.sleep(target.get("seconds") or 0)
        for event in message.events:
            self.journal.write(key=event.title, name=message.target.label, id=message.key, at=time.time())
        return Sent(message.key)

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        """Answer one by one, and go on while there are more."""
        messages = list(feed)
        while messages:
            for message in messages:
                yield message, self.attempt(message)
            messages = feed.more(self.batch_size)


class OtherChannel(JournalChannel):
    """The same under another name, on threads of its own."""

    slug = "other"
    label = "Other"
