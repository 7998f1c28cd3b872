"""Organizations, projects, teams and who belongs to them, in Django's admin. Changes go into the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin.schedule.windows import check_zone
from tocsin.tenants import members
from tocsin.tenants.models import Membership, Organization, Project, Role, Team, TeamMember
from tocsin.web.admin.filters import ByOrganization
from tocsin.web.admin.form import DomainForm, DomainPage
from tocsin.web.admin.frame import PicksUsers, by, user_name_field
from tocsin.web.admin.links import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest

    Inline = admin.TabularInline[TeamMember, Team]
    Formset = forms.BaseInlineFormSet[TeamMember, Team, Any]
else:
    Inline = admin.TabularInline
    Formset = forms.BaseInlineFormSet

MOST_SHOWN = 100
"""People on the page of a team; those of a larger one have a list of their own."""


class UnitForm(DomainForm):
    """Of an organization, a team or a project. Its slug is chosen once: rules and audiences name it."""

    def keep(self, by: str) -> Any:
        given = self.cleaned_data
        kept = self.make(by) if self.is_new else type(self.instance)._default_manager.get(pk=self.instance.pk)
        named = {name: given[name] for name in ("name", "time_zone", "locale") if name in given}
        check_zone(named.get("time_zone"))
        members.change(kept, by, **named)
        if "account_manager" in given and kept.account_manager != given["account_manager"]:
            members.set_account_manager(kept, given["account_manager"], by)
        return kept

    def make(self, by: str) -> Any:
        """The new one, with its name."""
        raise NotImplementedError


class OrganizationForm(UnitForm):
    """Of an organization."""

    def make(self, by: str) -> Organization:
        return members.make_organization(self.cleaned_data["slug"], by, self.cleaned_data["name"])


class ProjectForm(UnitForm):
    """Of a project."""

    def make(self, by: str) -> Project:
        given = self.cleaned_data
        return members.make_project(given["organization"], given["slug"], by, given["name"])


class TeamForm(UnitForm):
    """Of a team."""

    def make(self, by: str) -> Team:
        given = self.cleaned_data
        return members.make_team(given["organization"], given["slug"], by, given["name"])


class OrganizationAdmin(DomainPage):
    """None is deleted here: its events, and what became of them, would go too."""

    form = OrganizationForm
    list_display = search_fields = ("slug", "name")
    raw_id_fields = ("account_manager",)

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False


class UnitAdmin(DomainPage):
    """Parts of an organization."""

    list_display = ("slug", "name", "organization")
    list_filter = (ByOrganization,)
    search_fields = ("slug", "name", "organization__slug")
    autocomplete_fields = ("organization",)
    list_select_related = ("organization",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("organization", "slug") if obj else ()

    def delete_model(self, request: HttpRequest, obj: Team | Project) -> None:
        members.delete(obj, by(request))


class ProjectAdmin(UnitAdmin):
    """Projects."""

    form = ProjectForm


class NewMembers(Formset):
    """People who are put into a team: those of its organization."""

    def clean(self) -> None:
        super().clean()
        of = getattr(self.instance, "organization", None)
        for form in self.forms:
            user = form.cleaned_data.get("user") if form.instance._state.adding else None
            if user and of and not Membership.objects.filter(organization=of, user=user).exists():
                said = _t("%(user)s is no member of %(organization)s. Make them one first.")
                form.add_error("user", said % {"user": user, "organization": of})


class TeamMembers(PicksUsers, Inline):
    """The people of a team, on its page: put in and taken out."""

    model = TeamMember
    formset = NewMembers
    raw_id_fields = ("user",)
    extra = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[TeamMember]:
        return super().get_queryset(request).select_related("user")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TeamAdmin(UnitAdmin):
    """Teams and their members."""

    form = TeamForm
    raw_id_fields = ("account_manager",)
    inlines = (TeamMembers,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *(("people",) if obj else ()))

    def get_inlines(self, request: HttpRequest, obj: Team | None) -> Any:
        is_large = obj is not None and obj.members.count() > MOST_SHOWN
        return () if is_large else super().get_inlines(request, obj)

    @admin.display(description=_("people"))
    def people(self, team: Team) -> str:
        return rows_of("teammember", team=team.pk)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        for row in formset.deleted_objects:
            members.leave(form.instance, row.user, by(request))
        for row in formset.new_objects:
            members.join(form.instance, row.user, by(request))


class TeamMemberForm(DomainForm):
    """Of somebody in a team."""

    blamed = "user"

    def keep(self, by: str) -> TeamMember:
        given = self.cleaned_data
        members.join(given["team"], given["user"], by)
        return TeamMember.objects.get(team=given["team"], user=given["user"])


class TeamMemberAdmin(DomainPage):
    """The people of all teams."""

    form = TeamMemberForm
    list_display = ("user", "team")
    list_select_related = ("user", "team__organization")
    autocomplete_fields = ("team",)
    raw_id_fields = ("user",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("team__slug", user_name_field())

    def has_change_permission(self, request: HttpRequest, obj: TeamMember | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: TeamMember) -> None:
        members.leave(obj.team, obj.user, by(request))


class MembershipForm(DomainForm):
    """Of a member. Why a role may not be given is told beside it."""

    blamed = "role"

    def keep(self, by: str) -> Membership:
        given = self.cleaned_data
        if self.is_new:
            organization, user = given["organization"], given["user"]
        else:
            organization, user = self.instance.organization, self.instance.user
        kept = members.set_role(organization, user, given["role"], by)
        if kept.account_manager != given["account_manager"]:
            members.set_account_manager(kept, given["account_manager"], by)
        return kept


class MembershipAdmin(DomainPage):
    """Who may do what in an organization. The last owner stays one."""

    form = MembershipForm
    list_display = ("user", "organization", "role")
    list_filter = ("role", ByOrganization)
    autocomplete_fields = ("organization",)
    raw_id_fields = ("user", "account_manager")
    list_select_related = ("user", "organization")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("organization__slug", user_name_field())

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("organization", "user") if obj else ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The last owner is protected, and so are all of them together."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, lacking, [*protected, *_kept_owners(objs)]

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        members.remove(obj.organization, obj.user, by(request))


def _kept_owners(objs: Iterable[Membership]) -> list[str]:
    """Why some of these memberships cannot be ended, when they are ended one after the other."""
    left: dict[int, int] = {}
    reasons = []
    for one in objs:
        here = one.organization_id
        if here not in left:
            left[here] = Membership.objects.filter(organization=here, role=Role.OWNER).count()
        if reason := members.why_not(None, one.role, None, left[here]):
            reasons.append(f"{one}: {reason}")
        left[here] -= one.role == Role.OWNER
    return reasons
