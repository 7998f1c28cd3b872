"""The one line that says what a message is about: a mail's subject, the first line of a text message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import ngettext

from tocsin import conf
from tocsin.channels.text import one_line
from tocsin.levels import Level

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tocsin.channels.base import Message

MARKS = {"acknowledge": "acknowledged", "resolve": "resolved"}


def in_language(locale: str) -> AbstractContextManager[None]:
    """Translate to this language, or to the site's own where it is not known."""
    known = locale and translation.check_for_language(locale)
    return translation.override(locale if known else translation.get_language() or "en")


def in_language_of(message: Message) -> AbstractContextManager[None]:
    """Translate to the message's language, or to the site's own where that one is not known."""
    return in_language(message.locale)


def subject_of(message: Message) -> str:
    """The title on one line, marked by its state or else by a grave level, and how many events follow it."""
    event = message.event
    mark = MARKS.get(message.action) or (event.level.slug if event.level >= Level.ERROR else "")
    more = len(message.events) - 1
    rest = " " + ngettext("(and %d more)", "(and %d more)", more) % more if more else ""
    said = (one_line(conf.get("SUBJECT_PREFIX")), f"[{mark}]" if mark else "", one_line(event.title))
    return " ".join(filter(None, said)) + rest
