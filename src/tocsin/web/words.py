"""The words of the live inbox in the reader's language; the script itself has the English ones."""

from __future__ import annotations

import json

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

SPOKEN = ("en", "fr")
"""The languages into which the pages are translated."""
WORDS = {
    "notifications": _("Notifications"),
    "unread": _("{n} unread"),
    "markRead": _("Mark as read"),
    "markAllRead": _("Mark all as read"),
    "dismiss": _("Dismiss"),
    "acknowledge": _("OK"),
    "seeAll": _("See all"),
    "empty": _("Nothing new. What concerns you will appear here."),
    "snooze": _("Snooze"),
    "inAnHour": _("In an hour"),
    "tomorrow": _("Tomorrow morning"),
    "nextWeek": _("Next week"),
    "allRead": _("Everything is read."),
    "dismissed": _("Dismissed."),
    "snoozed": _("It comes back {time}."),
    "failed": _("This could not be saved. Reload the page and try again."),
    "unreachable": _("The inbox cannot be reached just now."),
    "info": _("Information"),
    "warning": _("Warning"),
    "error": _("Error"),
    "critical": _("Critical"),
}
"""The same names and words as `WORDS` in `inbox.js`."""


def labels() -> str:
    """JSON of the words that are different in the language of the page; "" if none is."""
    translated = {name: gettext(word) for name, word in WORDS.items()}
    differing = {name: word for name, word in translated.items() if word != WORDS[name]}
    return json.dumps(differing, ensure_ascii=False) if differing else ""
