"""People as the desk's forms name them: by user name, never by a key that somebody would have to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.recipients import users
from tocsin.tenants.models import Membership, TeamMember

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.paginator import Page
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tocsin.tenants.models import Team
    from tocsin.web.access import Desk

PAGE = 50


class UserField(forms.CharField):
    """A user name; cleaned, it is the user. Empty is None where the field is not required."""

    def __init__(self, **given: Any) -> None:
        kept = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(max_length=150, widget=forms.TextInput(attrs=kept), **given)

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if not name:
            return None
        user = users.find(f"name={name}")
        if user is None:
            raise ValidationError(
                _("Nobody is called “%(name)s”. Write the name with which they sign in.") % {"name": name}
            )
        return user


class ManagerForm(forms.Form):
    """Who looks after somebody."""

    manager = UserField(
        label=gettext_lazy("Account manager"),
        required=False,
        help_text=gettext_lazy("The user name of whoever looks after them. Leave it empty for nobody."),
    )


def actor(request: HttpRequest, desk: Desk) -> str | None:
    """The role by which somebody changes members here; None for the operator."""
    if desk.scope.is_operator:
        return None
    rows = Membership.objects.filter(organization=desk.organization, user=request.user.pk)
    return str(rows.values_list("role", flat=True).get())


def page_of(request: HttpRequest, people: QuerySet[Any]) -> Page[Any]:
    """The page of `people`, rows with a `user`, that is asked for: by name, and those alone that are searched for."""
    name, email = (users.field_paths()[field] for field in ("name", "email"))
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if wanted:
        found = Q(**{f"user__{name}__icontains": wanted})
        people = people.filter(found | Q(**{f"user__{email}__icontains": wanted}) if email else found)
    return Paginator(people.order_by(f"user__{name}", "pk"), PAGE).get_page(request.GET.get("page"))


def teams_of(desk: Desk, keys: Iterable[Any]) -> dict[Any, list[Team]]:
    """The teams here of each of these users, by name."""
    rows = TeamMember.objects.filter(team__organization=desk.organization, user__in=list(keys))
    found: dict[Any, list[Team]] = {}
    for one in rows.select_related("team").order_by("team__name"):
        found.setdefault(one.user_id, []).append(one.team)
    return found


def named(user: Any) -> str:
    """The user name of `user`; empty for nobody."""
    return "" if user is None else str(user.get_username())
