"""The channel that runs handlers of the project's own: one delivery for each handler and report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from tocsin.adapters.taskmanager import CARRIER, handlers
from tocsin.adapters.taskmanager.reports import report_of
from tocsin.channels.base import Channel, Message, Outcome, Rendered, Sent, SettingsForm
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class HandlerForm(SettingsForm):
    """Which handler."""

    identity_fields = ("handler",)
    handler = forms.CharField(max_length=200)


class HandlerChannel(Channel):
    """Never offered to anybody: a handler in the settings leads here."""

    slug = CARRIER
    label = "Task manager"
    form = HandlerForm
    joins = False
    runs_foreign_code = True

    def target_label(self, settings: Mapping[str, Any]) -> str:
        return str(settings["handler"])

    def render(self, message: Message) -> Rendered:
        return Rendered(message.event.title, to_text(message.event.body))

    def send(self, message: Message) -> Outcome:
        handler = handlers.find(message.target.settings["handler"]).make()
        report = report_of(message.event)
        if hasattr(handler, "handle"):
            handler.handle(report)
        else:
            handler.emit(report)
        return Sent()
