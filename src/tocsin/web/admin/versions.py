"""The newest versions of a rule or a template, on its page in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import F

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    Inline = admin.TabularInline[Any, Any]
else:
    Inline = admin.TabularInline

SHOWN = 20
"""The table of versions has all."""


class Versions(Inline):
    """To look at. `of` is the name of what they are versions of."""

    of = ""
    ordering = ("-number",)
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(number__gt=F(f"{self.of}__version") - SHOWN)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
