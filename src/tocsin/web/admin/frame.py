"""What all our pages in Django's admin share: nothing is counted to its end, users are picked, logs are read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from tocsin.errors import TocsinError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    Part = BaseModelAdmin[Any]
    Base = admin.ModelAdmin[Any]
    Pages = Paginator[Any]
else:
    Part, Base, Pages = BaseModelAdmin, admin.ModelAdmin, Paginator

MOST_COUNTED = 10_000
"""Rows beyond are neither counted nor paged through."""
MOST_ACTED = 1_000
"""Rows that one action takes."""


class Counted(Pages):
    """Pages of a table of any size."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count())


class PicksUsers(Part):
    """Its `raw_id_fields` are users: found by name, where the host's own admin can do that for this person."""

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        fields = tuple(super().get_autocomplete_fields(request))
        users = self.admin_site._registry.get(get_user_model())
        can_search = users and users.get_search_fields(request) and users.has_view_permission(request)
        return (*fields, *self.raw_id_fields) if can_search else fields


class Page(PicksUsers, Base):
    """A table. Whoever is let in acts as the operator; what the domain refuses is told, and is no crash."""

    paginator = Counted
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except TocsinError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def is_here(self, request: HttpRequest) -> bool:
        """Whether a page of this table is asked for, and not that of a user with whom its rows would go."""
        match = request.resolver_match
        ours = f"{self.opts.app_label}_{self.opts.model_name}_"
        return match is not None and (match.url_name or "").startswith(ours)

    def each(
        self, request: HttpRequest, queryset: QuerySet[Any], verb: str, act: Callable[[Any], Any]
    ) -> None:
        """Do it to each of the chosen rows, and say to how many: not to those where it returns 0 or is refused."""
        chosen = list(queryset[: MOST_ACTED + 1])
        if len(chosen) > MOST_ACTED:
            said = _("Nothing was done: choose at most %(most)d.") % {"most": MOST_ACTED}
            self.message_user(request, said, messages.WARNING)
            return
        done = [row for row in chosen if _did(act, row)]
        for row in done:
            self.log_change(request, row, verb)
        said = _("%(verb)s: %(done)d of %(chosen)d.")
        level = messages.SUCCESS if done else messages.WARNING
        self.message_user(request, said % {"verb": verb, "done": len(done), "chosen": len(chosen)}, level)


class ReadOnly(Page):
    """Looked at, and changed by nobody here; actions ask for the permission to change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here. But what belongs to a user goes with the user, in the host's own page of users."""
        return not self.is_here(request) and super().has_delete_permission(request, obj)


def _did(act: Callable[[Any], Any], row: Any) -> bool:
    try:
        return bool(act(row) != 0)
    except TocsinError:
        return False


def by(request: HttpRequest) -> str:
    """Who changes something here, for the audit log."""
    return f"user {request.user.pk}"


def user_name_field() -> str:
    """Where the name of a row's user is, for a search."""
    return f"user__{get_user_model().USERNAME_FIELD}"
