"""Events in Django's admin, to look at; they are cancelled, confirmed and planned again by the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin import pipeline
from tocsin.web.admin.filters import ByOrganization
from tocsin.web.admin.frame import by
from tocsin.web.admin.links import page, rows_of
from tocsin.web.admin.newest import Newest, key_in

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tocsin.events.models import Event


class EventAdmin(Newest):
    """What happened."""

    list_display = ("created_at", "what", "type", "level", "organization", "state", "due_at")
    list_display_links = ("created_at", "what")
    list_filter = ("level", "state", ByOrganization)
    list_select_related = ("organization",)
    search_fields = ("title", "type", "about", "group_key", "dedupe_key")
    heavy = ("body", "data", "actions", "to", "trace", "plan_cursor", "still_valid")
    indexed = ("organization", "series")
    exclude = ("body_hash",)
    readonly_fields = ("deliveries", "inbox_items")
    actions = ("cancel", "confirm", "plan_again")

    def meant(self, term: str) -> dict[str, Any]:
        return key_in(term)

    def view_on_site(self, event: Event) -> str | None:
        return page("tocsin:event", event.pk)

    @admin.display(description=_("title"))
    def what(self, event: Event) -> str:
        return event.title.strip() or event.type

    @admin.display(description=_("deliveries"))
    def deliveries(self, event: Event) -> str:
        return rows_of("delivery", event=event.pk)

    @admin.display(description=_("inbox items"))
    def inbox_items(self, event: Event) -> str:
        return rows_of("inboxitem", event=event.pk)

    @admin.action(description=_("Cancel what is unsent"), permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self.each(request, queryset, _t("Cancelled"), lambda row: pipeline.cancel(event_id=row.pk))

    @admin.action(description=_("Confirm and send"), permissions=["act"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self.each(request, queryset, _t("Confirmed"), lambda row: pipeline.confirm(row.pk, by(request)))

    @admin.action(description=_("Plan again what is dead"), permissions=["act"])
    def plan_again(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self.each(request, queryset, _t("On its way again"), lambda row: pipeline.replay([str(row.pk)]))
