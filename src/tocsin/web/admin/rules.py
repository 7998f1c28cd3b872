"""Rules in Django's admin, to look at with their versions, and the index that finds them. The desk changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tocsin.rules.models import RuleVersion
from tocsin.web.admin.filters import ByOrganization, IsDeleted
from tocsin.web.admin.frame import ReadOnly, user_name_field
from tocsin.web.admin.links import page
from tocsin.web.admin.versions import Versions

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tocsin.rules.models import Rule


class RuleVersions(Versions):
    """Of a rule."""

    model, of = RuleVersion, "rule"
    fields = ("number", "action", "by", "at", "spec")


class RuleAdmin(ReadOnly):
    """Rules as they are now, those that were deleted too."""

    list_display = ("name", "organization", "user", "active", "version", "updated_at", "deleted_at")
    list_filter = ("active", IsDeleted, ByOrganization)
    list_select_related = ("organization", "user")
    inlines = (RuleVersions,)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("name", user_name_field())

    def view_on_site(self, rule: Rule) -> str | None:
        """At the desk, where it is changed; what is a person's own, or was deleted, is not there."""
        if rule.user_id is not None or rule.deleted_at is not None:
            return None
        return page("tocsin:desk-rule", rule.organization.slug, rule.pk)


class RuleVersionAdmin(ReadOnly):
    """Every version of every rule."""

    list_display = ("rule_number", "number", "action", "by", "at")
    list_filter = (ByOrganization,)
    search_fields = ("by",)

    @admin.display(description=_("rule"))
    def rule_number(self, version: RuleVersion) -> str:
        return f"rule:{version.rule_id}"


class RuleKeyAdmin(ReadOnly):
    """The index: which keys an event must have one of."""

    list_display = ("key", "rule")
    list_select_related = ("rule",)
    search_fields = ("key__exact",)


class RuleFieldAdmin(ReadOnly):
    """The index: what the keys are made of."""

    list_display = ("pattern", "field", "kind", "organization")
    list_filter = (ByOrganization,)
    list_select_related = ("organization",)
    search_fields = ("pattern", "field")
