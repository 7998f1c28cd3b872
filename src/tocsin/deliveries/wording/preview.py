"""What a template would make of an event: its words, and the message as its channel shows it. Nothing is sent."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.channels.base import Message, Rendered, Target
from tocsin.channels.text import to_html
from tocsin.deliveries.prepare import view_of
from tocsin.deliveries.wording.sample import sample_view
from tocsin.deliveries.wording.save import parse, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.channels.base import EventView
    from tocsin.events.models import Event

logger = logging.getLogger("tocsin.deliveries")


def preview(organization: int, fields: Mapping[str, Any], event: Event | None = None) -> dict[str, Any]:
    """What a template that is not saved yet makes of an event, or of a sample of its type.

    Gives "title", "body" (Markdown), "html" (sanitised), and "message": what the channel would show, as "subject",
    "text" and "html"; None where it shows its own inbox, or can say it only to a destination. The event is the
    organization's, which the caller has seen to. Raises `InvalidInput` with every error.
    """
    cleaned = parse(organization, fields)
    view = view_of(event) if event is not None else sample_view(cleaned["event_type"], organization)
    title, body = words(view, cleaned)
    shown = _rendered(cleaned["channel"], replace(view, title=title, body=body), cleaned["locale"])
    return {
        "title": title,
        "body": body,
        "html": to_html(body) if body else "",
        "message": shown and {"subject": shown.subject, "text": shown.text, "html": shown.html},
    }


def _rendered(slug: str, view: EventView, locale: str) -> Rendered | None:
    """The message to nobody in particular, as the channel renders it."""
    channel = registry.get(slug)
    if channel.in_app:
        return None
    message = Message(0, 1, f"{view.id}-0", (view,), Target("preview", "preview", {}), None, locale)
    try:
        return channel.render(message)
    except Exception as error:
        logger.info("channel %s shows no preview: %s: %s", slug, type(error).__name__, error)
        return None
