"""Channels that forge, cut or lose text, and channels that lose the thread."""

from __future__ import annotations

import json
import random
import socket
from dataclasses import replace

from tests.testing.pagers import MOST, Exchange, Pager, breaks
from tocsin.channels.base import Abilities, Rendered, Sent
from tocsin.channels.text import to_text

HOSTILE = "hostile_text_is_shown_as_text"
TITLE = "a_title_is_plain_text"
CONTROLS = "control_characters_forge_nothing"
SCRIPTS = "every_script_arrives"
LONG = "a_long_text_is_shortened_or_refused"
FOLLOWS = "a_later_event_of_a_group_follows_the_first"


@breaks(HOSTILE, TITLE, "markup_of_the_far_side_is_not_brought_in")
class EscapesNothing(Pager):
    def escape(self, text):
        return text


@breaks(HOSTILE)
class FillsTemplates(Pager):
    def text(self, message):
        return super().text(message).replace("{title}", message.event.type)


@breaks(TITLE)
class ReadsATitleAsMarkdown(Pager):
    def render(self, message):
        return replace(super().render(message), subject=to_text(message.event.title).strip())


class Telegraph(Exchange):
    """Speaks lines of text: a name, a colon and a value, an empty line, the text."""

    def payloads(self):
        return [f"Key: {page['key']}\nTitle: {page['text']}" for page in self.pages]


@breaks(CONTROLS, far_side=lambda self: Telegraph(), shown=lambda self, sent: sent, markup=())
class BreaksLines(Pager):
    abilities = Abilities()

    def escape(self, text):
        return text

    def render(self, message):
        return Rendered(message.event.title, message.event.body)


@breaks(SCRIPTS, LONG, CONTROLS)
class KnowsOnlyAscii(Pager):
    def text(self, message):
        return super().text(message).encode("ascii", "replace").decode()


@breaks(LONG)
class SendsAnyLength(Pager):
    def text(self, message):
        return f"{self.render(message).subject}\n{self.render(message).text}"


@breaks(LONG)
class ShortensWithoutAWord(Pager):
    def text(self, message):
        return super().text(message).replace("…", "")


@breaks(LONG)
class CutsBytes(Pager):
    def text(self, message):
        text = f"{self.render(message).subject}\n{self.render(message).text}"
        return text.encode()[: MOST - 10].decode(errors="replace") + "…"


@breaks(LONG)
class KeepsTheEnd(Pager):
    def text(self, message):
        text = f"{self.render(message).subject}\n{self.render(message).text}"
        return text if len(text) < MOST else "…" + text[-MOST + 1 :]


@breaks("several_events_are_one_message")
class KnowsOneEvent(Pager):
    def text(self, message):
        if len(message.events) > 1:
            raise ValueError(message.events)
        return super().text(message)


@breaks("both_attempts_carry_the_same_key")
class HasAKeyPerAttempt(Pager):
    def page(self, message):
        return super().page(replace(message, key=f"{message.key}-{message.attempt}"))


@breaks("receipts_are_kept", FOLLOWS)
class GivesNoReceipt(Pager):
    def read(self, message, answer):
        outcome = super().read(message, answer)
        return Sent() if isinstance(outcome, Sent) else outcome


@breaks(FOLLOWS)
class NamesTheUpdate(Pager):
    def read(self, message, answer):
        return super().read(replace(message, thread=""), answer)


@breaks(FOLLOWS)
class LosesTheThread(Pager):
    def page(self, message):
        return super().page(replace(message, thread=""))


@breaks("a_resolved_event_without_a_thread_is_sent")
class ResolvesOnlyWhatItKnows(Pager):
    def page(self, message):
        if message.action == "resolve" and not message.thread:
            raise KeyError(message.thread)
        return super().page(message)


@breaks("render_touches_no_network")
class LooksUpWhileItRenders(Pager):
    def render(self, message):
        socket.getaddrinfo("localhost", 80)
        return super().render(message)


@breaks("render_touches_no_network")
class SendsWhileItRenders(Pager):
    def render(self, message):
        Exchange.lines[message.target.settings["line"]].take({"text": json.dumps(None)}, 1)
        return super().render(message)


@breaks("render_says_the_same_each_time")
class RendersByChance(Pager):
    def render(self, message):
        return replace(super().render(message), subject=f"{message.event.title} {random.random()}")


@breaks("render_says_the_same_each_time")
class RendersNoTitle(Pager):
    def render(self, message):
        return replace(super().render(message), subject="News")


@breaks("render_says_the_same_each_time", "html_is_sanitised")
class RendersADict(Pager):
    def render(self, message):
        return {"subject": message.event.title, "text": message.event.body}


@breaks("html_is_sanitised")
class TrustsHtml(Pager):
    def render(self, message):
        return replace(super().render(message), html=message.event.body)
