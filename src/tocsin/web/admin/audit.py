"""The audit log in Django's admin: who changed what, to look at."""

from __future__ import annotations

from tocsin.web.admin.filters import ByOrganization
from tocsin.web.admin.newest import Newest


class AuditAdmin(Newest):
    """Who changed what."""

    list_display = ("at", "by", "action", "subject", "organization")
    list_filter = (ByOrganization,)
    list_select_related = ("organization",)
    date_hierarchy = "at"
    search_fields = ("action", "subject", "by")
    heavy = ("before", "after")
    indexed = ("organization",)
