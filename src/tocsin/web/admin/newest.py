"""Lists of tables that grow without end: the newest rows, or what an index finds; no page reads the whole table."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from tocsin.events.ids import number_of
from tocsin.events.models import Event
from tocsin.web.admin.frame import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

MOST_SEARCHED = 100_000
"""Rows among which is looked for what no index finds."""


class NewestList(ChangeList):
    """The list itself."""

    model_admin: Newest

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request, *args, **kwargs).defer(*self.model_admin.heavy)
        if self.model_admin.is_by_index(self.params):
            return found
        keys = self.model._default_manager.order_by("-pk").values_list("pk", flat=True)
        oldest = keys[MOST_SEARCHED - 1 : MOST_SEARCHED].first()
        return found if oldest is None else found.filter(pk__gte=oldest)


class Newest(ReadOnly):
    """A log of any length. Its columns cannot be sorted by, and nothing of it is counted by filter."""

    heavy: tuple[str, ...] = ()
    """Columns that the list does not show."""
    indexed: tuple[str, ...] = ()
    """Parameters of the address that an index answers, so that old rows are found too."""
    sortable_by = ()
    show_facets = ShowFacets.NEVER
    search_help_text = _(
        "Words are looked for among the newest 100,000. An id finds any. A list ends after 10,000."
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewestList

    def is_by_index(self, params: Mapping[str, str]) -> bool:
        """Whether this list is found without a look at every row."""
        return bool(self.meant(params.get(SEARCH_VAR, ""))) or any(params.get(name) for name in self.indexed)

    def meant(self, term: str) -> dict[str, Any]:
        """The filter for what is searched for, where it is an id; else empty."""
        return {}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if found := self.meant(search_term):
            return queryset.filter(**found), False
        return super().get_search_results(request, queryset, search_term)


def key_in(term: str) -> dict[str, Any]:
    """The filter for the row with this UUID; empty for what is none."""
    try:
        return {"pk": uuid.UUID(term.strip())}
    except ValueError:
        return {}


def number_after(letter: str, term: str) -> int | None:
    """12 of "d12"; None for what is no such id."""
    term = term.strip()
    return number_of(term.removeprefix(letter)) if term.startswith(letter) else None


def user_name() -> Subquery:
    """The name of a row's user, empty for one who is gone: a join would leave the row out."""
    users = get_user_model()
    return Subquery(users._default_manager.filter(pk=OuterRef("user")).values(users.USERNAME_FIELD)[:1])


def event_title() -> Subquery:
    """The title of a row's event, empty for one that is gone."""
    return Subquery(Event.objects.filter(pk=OuterRef("event")).values("title")[:1])
