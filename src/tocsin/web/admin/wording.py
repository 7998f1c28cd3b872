"""Declared types and templates in Django's admin, to look at; the desk changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tocsin.deliveries.wording.models import TemplateVersion
from tocsin.web.admin.filters import ByChannel, ByOrganization, IsDeleted
from tocsin.web.admin.frame import ReadOnly
from tocsin.web.admin.links import page
from tocsin.web.admin.versions import Versions

if TYPE_CHECKING:
    from tocsin.deliveries.wording.models import Template
    from tocsin.events.declared import DeclaredType


class TemplateVersions(Versions):
    """Of a template."""

    model, of = TemplateVersion, "template"
    fields = ("number", "deleted", "by", "at", "title", "body")


class TemplateAdmin(ReadOnly):
    """How events are worded."""

    list_display = ("event_type", "channel", "locale", "organization", "version", "updated_at", "deleted_at")
    list_filter = (IsDeleted, ByChannel, ByOrganization)
    list_select_related = ("organization",)
    search_fields = ("event_type", "title")
    inlines = (TemplateVersions,)

    def view_on_site(self, template: Template) -> str | None:
        return page("tocsin:desk-templates", template.organization.slug)


class TemplateVersionAdmin(ReadOnly):
    """Every version of every template."""

    list_display = ("template_number", "number", "deleted", "by", "at")
    list_filter = (ByOrganization,)
    search_fields = ("by",)

    @admin.display(description=_("template"))
    def template_number(self, version: TemplateVersion) -> str:
        return f"template:{version.template_id}"


class DeclaredTypeAdmin(ReadOnly):
    """Types of events that were declared at the desk."""

    list_display = ("key", "label", "organization", "level", "category", "mandatory")
    list_filter = ("level", "mandatory", ByOrganization)
    list_select_related = ("organization",)
    search_fields = ("key", "label", "category")

    def view_on_site(self, kind: DeclaredType) -> str | None:
        return page("tocsin:desk-type", kind.organization.slug, kind.key)
