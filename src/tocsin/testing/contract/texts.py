"""Promises about what people read: nothing forged, nothing cut, every script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.channels.base import Recipient
from tocsin.channels.outcomes import Cause, Rejected, Sent
from tocsin.channels.text import one_line
from tocsin.testing.contract.author import Author, decoded, mark, promise
from tocsin.testing.http_far_side import HttpFarSide

if TYPE_CHECKING:
    from tocsin.channels.base import Channel, Message
    from tocsin.testing.far_side import FarSide

HOSTILE = {
    "HTML": "<script>alert(1)</script><b onmouseover=alert(1)>x</b>",
    "a mention": "@everyone @here @channel",
    "a mention in angle brackets": "<!channel> <!here> <@U024BE7LH>",
    "a template": "{{ 40+2 }} {% now 'Y' %} ${40+2} %(title)s {title} {0.real}",
    "a formula": "=cmd|' /C calc'!A0",
    "quotes": "\"quoted\" 'and' \\backslash\\ \\u003c",
}
"""Shown as they are written, in the title, in the body and wherever else."""
HOSTILE_TITLES = {
    "an entity": "&lt;b&gt; &amp; &#60;i&#62;",
    "a link": "[bank.example](javascript:alert(1)) [x](https://evil.example)",
    "an image": "![x](https://evil.example/p.png)",
    "a link in angle brackets": "<https://evil.example|bank.example> <a href='https://evil.example'>bank</a>",
    "emphasis": "*not bold* _not italic_ ~not struck~ `not code` **no** # no",
}
"""Shown as they are written in a title, which is plain text; a body is Markdown."""
CONTROLS = {
    "line breaks": "Paid\r\nX-Forged: yes\r\n\r\nX-Forged: yes",
    "a line separator": "Paid\u2028X-Forged: yes\u0085X-Forged: yes",
    "escapes": "Paid\x1b[31m\x07\x08\x7f",
    "an override": "invoice\u202egpj.exe",
}
UNICODE = {
    "emoji": "📣 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 ñ",
    "right to left": "שלום عليكم",
    "ideographs": "通知 알림 お知らせ 𠮷",
    "signs": "½ € ™ ß ﬁ İ ₿",
}
PARTS = ("title", "body", "actor", "about", "data", "action", "type_label", "project", "recipient")
LONG = 100_000
ENDINGS = ("…", "...")


def bare(text: str) -> str:
    """The visible characters of `text`: no white space, no control characters."""
    return "".join(char for char in text if char.isprintable() and not char.isspace())


class TextPromises(Author):
    """Foreign text is shown as text, whole or visibly shortened."""

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_text_is_shown_as_text(self, far: FarSide, channel: Channel, name: str) -> None:
        """Markup in any field of an event is shown as it is written, or changed as the channel documents."""
        self._shown_as_text(far, channel, self._everywhere(far, HOSTILE[name]), HOSTILE[name])

    @pytest.mark.parametrize("name", HOSTILE_TITLES)
    def test_a_title_is_plain_text(self, far: FarSide, channel: Channel, name: str) -> None:
        """A title is no Markdown: its links, images and emphasis are shown as they are written."""
        text = HOSTILE_TITLES[name]
        self._shown_as_text(far, channel, self.message(far, title=_between(text, 0)), text)

    def test_markup_of_the_far_side_is_not_brought_in(self, far: FarSide, channel: Channel) -> None:
        """No event can bring in the far side's own markup: mentions, links that lie, cards."""
        if not self.markup:
            pytest.skip("the contract class names no markup of the far side")
        for text in self.markup:
            before = len(far.payloads())
            self._shown_as_text(far, channel, self._everywhere(far, text), text)
            raw = "\n".join(decoded(sent) for sent in far.payloads()[before:])
            promise(
                text not in raw,
                f"{text!r} reached the far side as markup: escape it as its documentation says.",
            )

    @pytest.mark.parametrize("name", CONTROLS)
    def test_control_characters_forge_nothing(self, far: FarSide, channel: Channel, name: str) -> None:
        """Line breaks and control characters in a title or a name forge no header and no second message."""
        text = CONTROLS[name]
        far.answer("accepted")
        outcome = self.send(channel, self._everywhere(far, text, "title", "actor", "about", "recipient"))
        if isinstance(outcome, Rejected) and outcome.cause == Cause.REFUSED_CONTENT:
            promise(not far.payloads(), "The message was answered Rejected, and arrived all the same.")
            return
        promise(
            isinstance(outcome, Sent),
            f"A title with {name} came to {outcome!r}: send it without them (channels.text.one_line), or return "
            "Rejected(Cause.REFUSED_CONTENT).",
        )
        self._compare(far, text)
        promise(
            len(far.payloads()) == 1,
            f"One message with {name} in its title arrived as {len(far.payloads())}.",
        )
        forged = any(re.search(r"^X-Forged:", sent, re.MULTILINE) for sent in far.payloads())
        if isinstance(far, HttpFarSide):
            forged = forged or any("x-forged" in arrival.headers for arrival in far.requests)
        promise(
            not forged,
            f"{name} in a title began a line of their own: make it one line (channels.text.one_line).",
        )

    @pytest.mark.parametrize("name", UNICODE)
    def test_every_script_arrives(self, far: FarSide, channel: Channel, name: str) -> None:
        """Emoji, combining characters and every script arrive as they were written."""
        text = UNICODE[name]
        far.answer("accepted")
        outcome = self.send(channel, self.message(far, title=f"{mark(1)} {text}", body=f"{text} {text}"))
        promise(isinstance(outcome, Sent), f"A title with {name} came to {outcome!r}: send UTF-8.")
        shown = one_line(self.shown(far.payloads()[-1]))
        promise(
            one_line(self.neutral(text)) in shown,
            f"{name} did not arrive as {text!r}: send UTF-8 and say so, or override neutral() if that is documented.",
        )

    @pytest.mark.parametrize("offset", range(4))
    def test_a_long_text_is_shortened_or_refused(self, far: FarSide, channel: Channel, offset: int) -> None:
        """A body of 100,000 characters is sent whole, visibly shortened to the declared limit, or refused."""
        ending = "the very end"
        body = ("x" * offset + "aé😀e\u0301日" * (LONG // 6))[: LONG - len(ending)] + ending
        far.answer("accepted")
        outcome = self.send(channel, self.message(far, title=f"{mark(1)} long", body=body))
        if isinstance(outcome, Rejected) and outcome.cause == Cause.TOO_LARGE:
            promise(not far.payloads(), "The message was answered Rejected, and arrived all the same.")
            return
        promise(
            isinstance(outcome, Sent),
            f"A body of {LONG} characters came to {outcome!r}: shorten it, or return Rejected(Cause.TOO_LARGE).",
        )
        self._fits(far, channel)
        whole = "\n".join(map(self.shown, far.payloads()))
        promise(mark(1) in whole, "Of a long message the title was lost: shorten the body first.")
        promise(
            ending in whole or any(sign in whole for sign in ENDINGS),
            "A body was shortened without a word: end it with “…”.",
        )
        promise(
            "\ufffd" not in whole and not any("\ud800" <= char <= "\udfff" for char in whole),
            "A text was cut in the middle of a character: cut the str, not its bytes.",
        )

    def test_several_events_are_one_message(self, far: FarSide, channel: Channel) -> None:
        """A message that speaks of several events is sent, and shows the title of the first."""
        events = tuple(self.message(far, number).event for number in (1, 2, 3))
        far.answer("accepted")
        outcome = self.send(channel, self.message(far, events=events))
        promise(
            isinstance(outcome, Sent),
            f"A message of three events came to {outcome!r}: look at message.events.",
        )
        promise(self.arrived(far, 1), "Of a message of three events the title of the first did not arrive.")

    def _everywhere(self, far: FarSide, text: str, *parts: str) -> Message:
        """A message that holds the text in each of these parts (all of them by default), each between marks."""
        told = {part: _between(text, place) for place, part in enumerate(PARTS) if part in (parts or PARTS)}
        given: dict[str, Any] = {
            name: told[name] for name in told if name not in ("data", "action", "recipient")
        }
        if "data" in told:
            given["data"] = {"key": told["data"], "deep": [{"er": told["data"]}]}
        if "action" in told:
            given["actions"] = ({"label": told["action"], "url": "https://shop.example/42"},)
        if "recipient" in told:
            given["recipient"] = Recipient(1, told["recipient"], "ana@example.net")
        return self.message(far, **given)

    def _shown_as_text(self, far: FarSide, channel: Channel, message: Message, text: str) -> None:
        far.answer("accepted")
        outcome = self.send(channel, message)
        promise(isinstance(outcome, Sent), f"A message with {text!r} in it came to {outcome!r}.")
        self._compare(far, text)

    def _compare(self, far: FarSide, text: str) -> None:
        shown = self.shown(far.payloads()[-1])
        found = {part: re.findall(f"zq{n}q(.*?)q{n}zq", shown, re.DOTALL) for n, part in enumerate(PARTS)}
        promise(found["title"], f"The title with {text!r} in it is not shown whole: {shown[:300]!r}.")
        for part, texts in found.items():
            for seen in texts:
                promise(
                    bare(seen) == bare(self.neutral(text)),
                    f"{text!r} in the {part} is shown as {seen!r}: escape it for the far side. If your documentation "
                    "says that it is changed, override neutral(); if the payload is not what people see, shown().",
                )

    def _fits(self, far: FarSide, channel: Channel) -> None:
        characters, most = channel.abilities.max_characters, channel.abilities.max_bytes
        for sent in far.payloads():
            size = len(self.shown(sent))
            promise(
                characters is None or size <= characters,
                f"A message of {size} characters was sent; abilities.max_characters is {characters}.",
            )
        sizes = [len(sent.encode(errors="replace")) for sent in far.payloads()]
        if isinstance(far, HttpFarSide):
            sizes = [len(arrival.body) for arrival in far.requests]
        promise(
            most is None or max(sizes) <= most,
            f"A message of {max(sizes)} bytes was sent; abilities.max_bytes is {most}.",
        )


def _between(text: str, place: int) -> str:
    return f"zq{place}q{text}q{place}zq"
