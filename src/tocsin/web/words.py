"""The words of the live inbox in the reader's language; the script has them in English."""

from __future__ import annotations

import json

from django.utils.translation import gettext as _


def labels() -> str:
    """JSON: what `inbox.js` calls things."""
    return json.dumps(
        {
            "notifications": _("Notifications"),
            "unread": _("{n} unread"),
            "markRead": _("Mark as read"),
            "markAllRead": _("Mark all as read"),
            "dismiss": _("Dismiss"),
            "acknowledge": _("OK"),
            "seeAll": _("See all"),
            "open": _("Open"),
            "empty": _("Nothing new. What concerns you will appear here."),
            "failed": _("This could not be saved. Reload the page and try again."),
            "unreachable": _("The inbox cannot be reached just now."),
            "info": _("Information"),
            "warning": _("Warning"),
            "error": _("Error"),
            "critical": _("Critical"),
        },
        ensure_ascii=False,
    )
