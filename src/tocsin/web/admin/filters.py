"""Filters beside the lists: what may be chosen is known without a look at the rows, and nothing else is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.utils.translation import gettext_lazy as _

from tocsin.channels import registry
from tocsin.errors import InvalidInput
from tocsin.tenants.members import SLUG
from tocsin.tenants.models import Organization
from tocsin.tenants.organizations import organization_id
from tocsin.web.rows import NAMES, ORDER

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.functional import Promise

    Choices = list[tuple[str, str]]

MOST_OFFERED = 50


class Offered(admin.SimpleListFilter):
    """One of what is offered, or all; another value is refused as Django refuses those that make no sense."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        if value not in dict(self.lookup_choices):
            raise IncorrectLookupParameters(f"{value!r} is none of the choices.")
        return self.choose(queryset, value)

    def choose(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): value})


class ByOrganization(Offered):
    """Hidden where there is one organization only. Of very many the first are offered; the address takes any."""

    title = _("organization")
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        slugs = list(Organization.objects.order_by("slug").values_list("slug", flat=True)[:MOST_OFFERED])
        asked = self.value() or ""
        more = len(slugs) == MOST_OFFERED and asked not in slugs and SLUG.fullmatch(asked)
        return [(slug, slug) for slug in [*slugs, *([asked] if more else [])]] if len(slugs) > 1 else []

    def choose(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        try:
            return queryset.filter(organization=organization_id(value))
        except InvalidInput as error:
            raise IncorrectLookupParameters(str(error)) from error


class ByChannel(Offered):
    """The channels that are installed."""

    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(slug, str(channel.label)) for slug, channel in registry.carriers().items()]


class ByState(Offered):
    """The state of a delivery, in a word each."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(state.value, str(NAMES[state])) for state in ORDER]


class Emptiness(Offered):
    """Whether a column is empty; `words` say so, for the empty one and for the other."""

    column: str
    words: tuple[str | Promise, str | Promise]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("0", str(self.words[0])), ("1", str(self.words[1]))]

    def choose(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(**{f"{self.column}__isnull": value == "0"})


def _by(column: str, parameter: str, title: Promise, *words: Promise) -> type[Emptiness]:
    named = {"column": column, "parameter_name": parameter, "title": title, "words": words}
    return type("Emptiness", (Emptiness,), named)


InUse = _by("disabled_at", "disabled", _("state"), _("in use"), _("disabled"))
IsRead = _by("read_at", "read", _("read"), _("unread"), _("read"))
IsMissing = _by("missed_at", "missing", _("state"), _("not missing"), _("missing"))
IsDeleted = _by("deleted_at", "deleted", _("state"), _("in force"), _("deleted"))
IsRevoked = _by("revoked_at", "revoked", _("state"), _("not revoked"), _("revoked"))
Owned = _by("user", "owner", _("owner"), _("organizations"), _("people"))
