"""The desk's people: who belongs to the organization, in which role, and who looks after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tocsin.errors import Conflict
from tocsin.recipients import users
from tocsin.tenants import members
from tocsin.tenants.models import IMPLICIT, Membership, Role
from tocsin.web.access import for_desk
from tocsin.web.desk.frame import show
from tocsin.web.desk.who import ManagerForm, UserField, actor, named, page_of, teams_of
from tocsin.web.forms import attempt
from tocsin.web.policy import strict
from tocsin.web.said import say

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk

FORMS = ["GET", "HEAD", "POST"]
TAB = {"tab": "people", "part": "people"}
MEANINGS = {
    Role.OWNER: gettext_lazy("everything, and making owners"),
    Role.ADMIN: gettext_lazy("everything here, except making owners"),
    Role.MANAGER: gettext_lazy("sends events, sees the ledger, keeps the rules"),
    Role.MEMBER: gettext_lazy("is told, and reads their own inbox"),
}


class RoleForm(forms.Form):
    """A role, of those that the asker may give."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), initial=Role.MEMBER)

    def __init__(self, *given: Any, actor: str | None, now: str | None = None, **more: Any) -> None:
        super().__init__(*given, **more)
        field: Any = self.fields["role"]
        field.choices = [
            (role.value, f"{role.label}: {MEANINGS[role]}")
            for role in Role
            if role == now or not members.why_not(actor, None, role, owners=1)
        ]


class AddForm(RoleForm):
    """Somebody new here."""

    user = UserField(
        label=gettext_lazy("User name"),
        help_text=gettext_lazy("The name with which they sign in. They must have an account already."),
    )
    field_order = ("user", "role")


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The members, by name; and somebody is added."""
    asker = actor(request, desk)
    form = AddForm(request.POST or None, actor=asker, auto_id="add_%s")
    if form.is_valid() and _is_added(form, desk, asker):
        say(request, _("%(who)s belongs to %(organization)s now.") % _names(form.cleaned_data["user"], desk))
        return redirect(request.get_full_path())
    page = page_of(request, _members(desk))
    keys = [one.user_id for one in page]
    context = {
        "page": page,
        "known": users.recipients(keys),
        "teams": teams_of(desk, keys),
        "q": request.GET.get("q", ""),
        "form": form,
        "is_implicit": desk.organization.slug == IMPLICIT,
    }
    return show(request, desk, "tocsin/desk/people.html", TAB | context, status=422 if form.errors else 200)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def person(request: HttpRequest, desk: Desk, user: str) -> HttpResponse:
    """One member: their role, who looks after them, their teams."""
    member, asker = _member(desk, user), actor(request, desk)
    posted: dict[str, Any] = {str(request.POST.get("change")): request.POST}
    role = RoleForm(posted.get("role"), actor=asker, now=member.role, initial={"role": member.role},
                    auto_id="role_%s")  # fmt: skip
    manager = ManagerForm(posted.get("manager"), initial={"manager": named(member.account_manager)},
                          auto_id="looked_%s")  # fmt: skip
    if role.is_valid() and _has_role(role, desk, member, asker):
        say(request, _("It is kept."))
        return _back(request, desk, member, stays=role.cleaned_data["role"] in members.KEEPERS)
    if manager.is_valid():
        members.set_account_manager(member, manager.cleaned_data["manager"], desk.by)
        say(request, _("It is kept."))
        return _back(request, desk, member, stays=True)
    context = {
        "member": member,
        "known": users.recipients([member.user_id])[member.user_id],
        "role": role,
        "manager": manager,
        "teams": teams_of(desk, [member.user_id]).get(member.user_id, []),
    }
    wrong = role.errors or manager.errors
    return show(request, desk, "tocsin/desk/person.html", TAB | context, status=422 if wrong else 200)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def remove(request: HttpRequest, desk: Desk, user: str) -> HttpResponse:
    """Somebody leaves the organization, after it was said what follows."""
    member, wrong = _member(desk, user), ""
    if request.method == "POST":
        try:
            members.remove(desk.organization, member.user, desk.by, actor(request, desk))
        except Conflict as error:
            wrong = str(error)
        else:
            say(request, _("%(who)s has left %(organization)s.") % _names(member.user, desk))
            return _back(request, desk, member, stays=False)
    context = {
        "member": member,
        "teams": teams_of(desk, [member.user_id]).get(member.user_id, []),
        "is_self": member.user_id == request.user.pk,
        "wrong": wrong,
    }
    status = 422 if wrong else 200
    return show(request, desk, "tocsin/desk/person_remove.html", TAB | context, status=status)


def _members(desk: Desk) -> QuerySet[Membership]:
    rows: QuerySet[Membership] = Membership.objects.filter(organization=desk.organization)
    return rows.select_related("user", "account_manager")


def _member(desk: Desk, user: str) -> Membership:
    """The member; who belongs to another organization is missing, like one who never was."""
    key = users.key_or_none(user)
    found = None if key is None else _members(desk).filter(user=key).first()
    if found is None:
        raise Http404("There is no such member.")
    return found


def _is_added(form: AddForm, desk: Desk, asker: str | None) -> bool:
    user, role = form.cleaned_data["user"], form.cleaned_data["role"]
    if Membership.objects.filter(organization=desk.organization, user=user).exists():
        form.add_error("user", _("They belong here already. Change their role on their own page."))
        return False
    return attempt(form, "role", lambda: members.set_role(desk.organization, user, role, desk.by, asker))


def _has_role(form: RoleForm, desk: Desk, member: Membership, asker: str | None) -> bool:
    role = form.cleaned_data["role"]
    return attempt(
        form, "role", lambda: members.set_role(desk.organization, member.user, role, desk.by, asker)
    )


def _back(request: HttpRequest, desk: Desk, member: Membership, *, stays: bool) -> HttpResponse:
    """The page to go on with: whoever took the desk from themselves has none to go back to."""
    if stays:
        return redirect(request.path)
    if member.user_id == request.user.pk and not desk.scope.is_operator:
        return redirect("tocsin:inbox")
    return redirect("tocsin:desk-people", desk.organization.slug)


def _names(user: Any, desk: Desk) -> dict[str, str]:
    return {"who": named(user), "organization": desk.organization.name or desk.organization.slug}
