"""Links from one of our pages in Django's admin to others; a page that the host does not have is no link."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _


def page(name: str, *args: Any) -> str | None:
    """The address of one of our own pages; None where the host did not include them."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def rows_of(model: str, **of: Any) -> str:
    """A link to the list of a table, of those rows that belong to something."""
    address = reverse(f"admin:tocsin_{model}_changelist", query=of)
    return format_html('<a href="{}">{}</a>', address, _("Show them"))
