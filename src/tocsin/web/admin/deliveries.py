"""Deliveries, attempts and inbox items in Django's admin, to look at; what is dead is retried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin import pipeline
from tocsin.deliveries.models import Attempt
from tocsin.deliveries.states import UNSENT, State
from tocsin.web.admin.filters import ByChannel, ByOrganization, ByState, IsRead
from tocsin.web.admin.newest import Newest, event_title, number_after, user_name
from tocsin.web.rows import NAMES, channel_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tocsin.deliveries.models import Delivery

    Attempts = admin.TabularInline[Attempt, Delivery]
else:
    Attempts = admin.TabularInline

LIVE = {state.value for state in (*UNSENT, State.SENDING, State.DEAD)}
"""States of which an index knows the deliveries."""


class Told(Newest):
    """One event to one person or address. Who and what are gone leave their column empty."""

    letter = ""
    """Before the number, in the id that people see."""
    indexed = ("event", "user")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        found: QuerySet[Any] = rows.annotate(user_name=user_name(), event_title=event_title())
        return found

    def meant(self, term: str) -> dict[str, Any]:
        number = number_after(self.letter, term)
        return {} if number is None else {"pk": number}

    @admin.display(description=_("id"))
    def number(self, row: Any) -> str:
        return f"{self.letter}{row.pk}"

    @admin.display(description=_("title"))
    def what(self, row: Any) -> str:
        return row.event_title or ""

    @admin.display(description=_("user"))
    def who(self, row: Any) -> str:
        return row.user_name or ""

    @admin.display(description=_("channel"))
    def by_channel(self, row: Any) -> str:
        return str(channel_name(row.channel))


class Tries(Attempts):
    """The attempts of a delivery, on its page."""

    model = Attempt
    ordering = ("pk",)
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DeliveryAdmin(Told):
    """Deliveries."""

    letter = "d"
    list_display = (
        "number",
        "what",
        "by_channel",
        "who",
        "label",
        "in_state",
        "because",
        "attempt",
        "due_at",
    )
    list_filter = (ByState, ByChannel, ByOrganization)
    search_fields = ("label", "identity", "group_key")
    exclude = ("address",)
    inlines = (Tries,)
    actions = ("retry",)

    def is_by_index(self, params: Mapping[str, str]) -> bool:
        return params.get("state") in LIVE or super().is_by_index(params)

    @admin.display(description=_("state"))
    def in_state(self, delivery: Delivery) -> str:
        return str(NAMES.get(delivery.state, delivery.state))

    @admin.display(description=_("reason"))
    def because(self, delivery: Delivery) -> str:
        """The code: its sentence, which is long, is on the page of the delivery."""
        return delivery.reason

    @admin.action(description=_("Retry the dead"), permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self.each(request, queryset, _t("On its way again"), lambda row: pipeline.replay([f"d{row.pk}"]))


class AttemptAdmin(Newest):
    """Each try, with what came of it."""

    list_display = ("started_at", "delivery_number", "number", "outcome", "cause", "detail")
    list_filter = ("outcome", "cause")
    search_fields = ("detail", "provider_id")
    indexed = ("delivery",)

    def meant(self, term: str) -> dict[str, Any]:
        number = number_after("d", term)
        return {} if number is None else {"delivery": number}

    @admin.display(description=_("delivery"))
    def delivery_number(self, attempt: Attempt) -> str:
        return f"d{attempt.delivery_id}"


class InboxItemAdmin(Told):
    """What is in people's inboxes. What they do with it is theirs."""

    letter = "i"
    list_display = ("number", "what", "by_channel", "who", "created_at", "seen_at", "read_at")
    list_filter = (ByChannel, IsRead, ByOrganization)
    search_fields = ("layer",)
