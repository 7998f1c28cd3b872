"""The desk's teams and projects: made and deleted, and who is in a team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.recipients import users
from tocsin.rules.naming import rules_naming_project, rules_naming_team
from tocsin.tenants import members
from tocsin.tenants.models import Project, Team, TeamMember
from tocsin.web.access import for_desk
from tocsin.web.desk.frame import show
from tocsin.web.desk.people import FORMS
from tocsin.web.desk.who import ManagerForm, UserField, named, page_of
from tocsin.web.forms import attempt
from tocsin.web.policy import strict
from tocsin.web.said import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk

TAB = {"tab": "people", "part": "teams"}
PROJECTS = {"tab": "people", "part": "projects"}


class MakeForm(forms.Form):
    """A new team or project. The short name is made of the name where none is given."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    slug = forms.CharField(
        label=gettext_lazy("Short name"),
        max_length=63,
        required=False,
        help_text=gettext_lazy(
            "By which rules and programs call it, such as night-shift. It stays as it is. "
            "Left empty, it is made of the name."
        ),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        slug = given.get("slug") or slugify(given.get("name", ""))[:63].strip("-")
        if "name" in given and "slug" in given and not members.SLUG.fullmatch(slug):
            wrong = _("Use small letters a to z, digits and hyphens, such as night-shift.")
            self.add_error("slug", ValidationError(wrong))
        return given | {"slug": slug}


class JoinForm(forms.Form):
    """Somebody for a team."""

    user = UserField(
        label=gettext_lazy("User name"),
        help_text=gettext_lazy("The name with which they sign in. They must be a member here already."),
    )


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The teams, by name; and one is made."""
    teams = Team.objects.filter(organization=desk.organization).annotate(number=Count("members"))
    context = TAB | {"teams": teams.select_related("account_manager").order_by("name", "slug")}
    return _list(request, desk, "tocsin/desk/teams.html", context, members.make_team)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def projects(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The projects, by name; and one is made."""
    found = Project.objects.filter(organization=desk.organization).order_by("name", "slug")
    return _list(
        request, desk, "tocsin/desk/projects.html", PROJECTS | {"projects": found}, members.make_project
    )


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def team(request: HttpRequest, desk: Desk, slug: str) -> HttpResponse:
    """One team: its people, who looks after it; and somebody joins."""
    found = _team(desk, slug)
    posted: dict[str, Any] = {str(request.POST.get("change")): request.POST}
    join = JoinForm(posted.get("join"), auto_id="join_%s")
    manager = ManagerForm(posted.get("manager"), initial={"manager": named(found.account_manager)},
                          auto_id="looked_%s")  # fmt: skip
    if join.is_valid() and attempt(
        join, "user", lambda: members.join(found, join.cleaned_data["user"], desk.by)
    ):
        say(request, _("%(who)s is in the team now.") % {"who": named(join.cleaned_data["user"])})
        return redirect(request.get_full_path())
    if manager.is_valid():
        members.set_account_manager(found, manager.cleaned_data["manager"], desk.by)
        say(request, _("It is kept."))
        return redirect(request.get_full_path())
    page = page_of(request, TeamMember.objects.filter(team=found))
    context = TAB | {
        "team": found,
        "page": page,
        "known": users.recipients([one.user_id for one in page]),
        "q": request.GET.get("q", ""),
        "join": join,
        "manager": manager,
    }
    wrong = join.errors or manager.errors
    return show(request, desk, "tocsin/desk/team.html", context, status=422 if wrong else 200)


@strict
@for_desk("admin")
@require_POST
def leave(request: HttpRequest, desk: Desk, slug: str) -> HttpResponse:
    """Somebody leaves a team; they stay a member."""
    found = _team(desk, slug)
    user = users.find(request.POST.get("user", ""))
    if user is not None and members.leave(found, user, desk.by):
        say(request, _("%(who)s has left the team.") % {"who": named(user)})
    else:
        say(request, _("They were not in the team."))
    return redirect("tocsin:desk-team", desk.organization.slug, slug)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def delete(request: HttpRequest, desk: Desk, slug: str) -> HttpResponse:
    """A team goes, after it was said which rules name it."""
    found = _team(desk, slug)
    rules = rules_naming_team(found)
    return _delete(request, desk, found, TAB | {"rules": rules, "number": found.members.count()})


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def delete_project(request: HttpRequest, desk: Desk, slug: str) -> HttpResponse:
    """A project goes, after it was said which rules are bound to it."""
    found = _one(Project.objects.filter(organization=desk.organization).select_related("organization"), slug)
    return _delete(request, desk, found, PROJECTS | {"rules": rules_naming_project(found)})


def _list(
    request: HttpRequest, desk: Desk, template: str, context: dict[str, Any], make: Callable[..., Any]
) -> HttpResponse:
    form = MakeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        if attempt(form, None, lambda: make(desk.organization, given["slug"], desk.by, given["name"])):
            say(request, _("“%(name)s” is made.") % {"name": given["name"]})
            return redirect(request.path)
    return show(request, desk, template, context | {"form": form}, status=422 if form.errors else 200)


def _delete(request: HttpRequest, desk: Desk, found: Team | Project, context: dict[str, Any]) -> HttpResponse:
    part = context["part"]
    if request.method == "POST":
        members.delete(found, desk.by)
        say(request, _("“%(name)s” is deleted.") % {"name": found.name})
        return redirect(f"tocsin:desk-{part}", desk.organization.slug)
    return show(request, desk, f"tocsin/desk/{part}_delete.html", context | {"found": found})


def _team(desk: Desk, slug: str) -> Team:
    rows = Team.objects.filter(organization=desk.organization)
    found: Team = _one(rows.select_related("organization", "account_manager"), slug)
    return found


def _one(rows: QuerySet[Any], slug: str) -> Any:
    """The one called so; another organization's is missing, like one that never was."""
    found = rows.filter(slug=slug).first()
    if found is None:
        raise Http404("There is none of that name.")
    return found
