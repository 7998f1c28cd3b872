"""Django's admin, which finds this module where it is installed; nothing else imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from tocsin.recipients.models import Destination
from tocsin.tenants.models import Membership, Organization, Project, Team, TeamMember
from tocsin.web.destination_admin import DestinationAdmin

if TYPE_CHECKING:
    from django.http import HttpRequest

    Members = admin.TabularInline[TeamMember, Team]
    OrganizationBase = admin.ModelAdmin[Organization]
    ProjectBase = admin.ModelAdmin[Project]
    TeamBase = admin.ModelAdmin[Team]
    MembershipBase = admin.ModelAdmin[Membership]
else:
    Members = admin.TabularInline
    OrganizationBase = ProjectBase = TeamBase = MembershipBase = admin.ModelAdmin


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


@admin.register(Membership)
class MembershipAdmin(MembershipBase):
    """Who may do what in an organization."""

    list_display = ("user", "organization", "role")
    list_filter = ("role",)
    search_fields = ("organization__slug",)
    autocomplete_fields = ("organization",)
    raw_id_fields = ("user", "account_manager")
    list_select_related = ("user", "organization")


admin.site.register(Destination, DestinationAdmin)
