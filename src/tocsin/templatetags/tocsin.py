"""Template tags: the live inbox for any page of a host, and the marks that our own pages use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import template
from django.middleware.csrf import get_token
from django.template.defaultfilters import date as format_date
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import get_language

from tocsin.inbox import queries
from tocsin.web.access import at_desk, ledger_scope
from tocsin.web.marks import shape
from tocsin.web.words import labels

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.inbox.summary import Summary

register = template.Library()

CHANNEL = "header_message"
BANNERS = 3
"""As many as the element shows at once."""


@register.simple_tag(takes_context=True)
def tocsin_inbox(context: template.Context, show: str = "") -> str:
    """The bell, the banners and the modal of the person who is signed in; nothing for anyone else.

    `show` picks some of "bell banner alert", for a page that wants them in different places.
    """
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return ""
    return render_to_string(
        "tocsin/inbox_element.html",
        {
            "api": reverse("tocsin-api:api-root"),
            "csrf": get_token(request),
            "locale": get_language() or "en",
            "page": reverse("tocsin:inbox"),
            "labels": labels(),
            "show": show,
            "items": _banners(user, context.get("summary")) if show == "banner" else "",
        },
    )


def _banners(user: Any, summary: Summary | None) -> str:
    """JSON of what the banners begin with: in a page's own flow, banners that come later would push it down.

    Where the page has asked for the `summary` of the inbox already, none are looked for in vain.
    """
    if summary is not None and not dict(summary.channels).get(CHANNEL):
        return ""
    page = queries.list_items(user, channel=CHANNEL, unread=True, limit=BANNERS)
    return json.dumps([item.as_json() for item in page.items]) if page.items else ""


@register.simple_tag
def tocsin_level(level: Any) -> SafeString:
    """The mark of a level: a shape and a colour of its own, with its name for those who see neither."""
    return format_html(
        '<span class="tocsin-level tocsin-level-{}" role="img" aria-label="{}">{}</span>',
        level.slug, level.label, shape(level.slug),
    )  # fmt: skip


@register.simple_tag
def tocsin_state(state: str) -> SafeString:
    """The mark of a delivery's state; its name stands beside it in words."""
    return format_html(
        '<span class="tocsin-mark tocsin-state-{}" aria-hidden="true">{}</span>', state, shape(state)
    )


@register.simple_tag
def tocsin_time(moment: datetime, exact: str = "") -> SafeString:
    """A moment in the site's zone. A script makes "3 minutes ago" of it, or the reader's own time if `exact`."""
    words = format_date(localtime(moment), "SHORT_DATETIME_FORMAT")
    kind = mark_safe(" data-exact") if exact else ""
    return format_html('<time datetime="{}"{}>{}</time>', moment.isoformat(), kind, words)


@register.simple_tag
def tocsin_link(name: str) -> str:
    """The address called `name`, or "" where this site has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@register.filter
def tocsin_keeps(user: Any) -> bool:
    """Whether this user may see the ledger."""
    return ledger_scope(user) is not None


@register.filter
def tocsin_desks(user: Any) -> bool:
    """Whether this user has a desk."""
    return at_desk(user)


@register.filter
def tocsin_get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or "" where it is missing."""
    return mapping.get(key, "")
