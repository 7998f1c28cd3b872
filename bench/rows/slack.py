"""Row 4: many messages to Slack, as chat.postMessage takes them: Block Kit as JSON, an answer that must be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.rows import posts

if TYPE_CHECKING:
    from bench.results import Section, Size

ANSWER = (
    '{"ok":true,"channel":"C0123456789","ts":"1772366400.000100","message":{"type":"message","text":"ok"}}'
)
NOTE = (
    "tocsin: from due deliveries to recorded `sent`; Markdown as Block Kit, the answer read, its `ts` kept; eight "
    "bot tokens, for one token gets a quarter of the slots at most."
)


def run(size: Size) -> Section:
    return posts.measure(size, "slack", "messages, as Slack's chat.postMessage takes them,", ANSWER, NOTE)
