"""Django's admin, which finds this module where it is installed; nothing else imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from tocsin.recipients.models import Destination
from tocsin.rules.models import Rule
from tocsin.tenants import members
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import Membership, Organization, Project, Role, Team, TeamMember
from tocsin.web.destination_admin import DestinationAdmin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    Members = admin.TabularInline[TeamMember, Team]
    OrganizationBase = admin.ModelAdmin[Organization]
    ProjectBase = admin.ModelAdmin[Project]
    TeamBase = admin.ModelAdmin[Team]
    MembershipBase = admin.ModelAdmin[Membership]
    MembershipFormBase = forms.ModelForm[Membership]
    AuditBase = admin.ModelAdmin[Any]
else:
    Members = admin.TabularInline
    OrganizationBase = ProjectBase = TeamBase = MembershipBase = AuditBase = admin.ModelAdmin
    MembershipFormBase = forms.ModelForm


class TeamMembers(Members):
    """The people of a team, on its page."""

    model = TeamMember
    raw_id_fields = ("user",)
    extra = 1


@admin.register(Organization)
class OrganizationAdmin(OrganizationBase):
    """Organizations. None is deleted here: its events, and what became of them, would go too."""

    list_display = search_fields = ("slug", "name")
    raw_id_fields = ("account_manager",)

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(ProjectBase):
    """Projects."""

    list_display = ("slug", "name", "organization")
    search_fields = ("slug", "name", "organization__slug")
    autocomplete_fields = ("organization",)


@admin.register(Team)
class TeamAdmin(TeamBase):
    """Teams and their members."""

    list_display = ("slug", "name", "organization")
    search_fields = ("slug", "name", "organization__slug")
    autocomplete_fields = ("organization",)
    raw_id_fields = ("account_manager",)
    inlines = (TeamMembers,)


class MembershipForm(MembershipFormBase):
    """Says why a role may not be given."""

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        before = self.initial.get("role")
        owners = Membership.objects.filter(
            organization=self.instance.organization_id, role=Role.OWNER
        ).count()
        if before and (reason := members.why_not(None, before, role, owners)):
            raise ValidationError(reason)
        return role


@admin.register(Membership)
class MembershipAdmin(MembershipBase):
    """Who may do what in an organization. Changes go into the audit log; the last owner stays one."""

    form = MembershipForm

    list_display = ("user", "organization", "role")
    list_filter = ("role",)
    search_fields = ("organization__slug",)
    autocomplete_fields = ("organization",)
    raw_id_fields = ("user", "account_manager")
    list_select_related = ("user", "organization")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("organization", "user") if obj else ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        for one in objs:
            owners = Membership.objects.filter(organization=one.organization_id, role=Role.OWNER).count()
            if reason := members.why_not(None, one.role, None, owners):
                protected = [*protected, f"{one}: {reason}"]
        return deleted, counts, lacking, protected

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        by = f"user {request.user.pk}"
        saved = members.set_role(obj.organization, obj.user, obj.role, by)
        obj.pk = saved.pk
        if obj.account_manager_id != saved.account_manager_id:
            members.set_account_manager(saved, obj.account_manager, by)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        members.remove(obj.organization, obj.user, f"user {request.user.pk}")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for one in queryset:
            self.delete_model(request, one)


class ReadOnly(AuditBase):
    """Looked at, and changed by nobody here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditAdmin(ReadOnly):
    """Who changed what."""

    list_display = ("at", "by", "action", "subject", "organization")
    list_filter = ("action", "organization")
    search_fields = ("subject", "by")
    list_select_related = ("organization",)


@admin.register(Rule)
class RuleAdmin(ReadOnly):
    """The rules, to look at: they are changed over HTTP and on the command line."""

    list_display = ("name", "organization", "user", "active", "version", "deleted_at")
    list_filter = ("active", "organization")
    search_fields = ("name",)
    list_select_related = ("organization", "user")


admin.site.register(Destination, DestinationAdmin)
