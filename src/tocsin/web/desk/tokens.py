"""The desk's tokens: what programs sign in with, made, shown once, and revoked."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import F
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tocsin import clock
from tocsin.errors import Conflict, InvalidInput
from tocsin.tenants.models import ApiToken
from tocsin.tenants.tokens import CACHE_SECONDS, DEFAULT_SCOPES, MEANINGS, create_token, is_live
from tocsin.tenants.tokens import revoke as revoke_token
from tocsin.web.access import for_desk
from tocsin.web.desk.frame import show
from tocsin.web.desk.people import FORMS
from tocsin.web.forms import place
from tocsin.web.policy import strict
from tocsin.web.said import say

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk

TAB = {"tab": "tokens"}
SHOWN = 200
YEAR = 365


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("What it is for, such as “nightly backup”. It stands in the audit log."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope, said) for scope, said in MEANINGS.items() if scope != "inbox"],
        widget=forms.CheckboxSelectMultiple,
        initial=DEFAULT_SCOPES,
    )
    days = forms.IntegerField(
        label=gettext_lazy("It ends after so many days"),
        min_value=1,
        max_value=10 * YEAR,
        required=False,
        initial=YEAR,
        help_text=gettext_lazy("Empty: it never ends."),
    )
    max_recipients = forms.IntegerField(
        label=gettext_lazy("Most people at once"),
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text=gettext_lazy("An event of it that names more people waits until somebody confirms it."),
    )
    operator = forms.BooleanField(
        label=gettext_lazy("It acts for every organization"),
        required=False,
        help_text=gettext_lazy("Only for programs that look after the whole site."),
    )
    once = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *given: Any, is_operator: bool, **more: Any) -> None:
        super().__init__(*given, **more)
        if not is_operator:
            del self.fields["operator"]


@strict
@for_desk("admin")
@require_safe
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The tokens that work, the newest first, then those that do not."""
    ended = F("revoked_at").desc(nulls_first=True)
    found = list(_tokens(desk).order_by(ended, "-pk")[: SHOWN + 1])
    context = {
        "rows": [(one, _state(one), _scopes(one)) for one in found[:SHOWN]],
        "more": len(found) > SHOWN,
        "shown": SHOWN,
    }
    return show(request, desk, "tocsin/desk/tokens.html", TAB | context)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def make(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A token is made, and its text shown in the answer itself: it is not kept, so it cannot be shown again."""
    posted = request.POST if request.method == "POST" else None
    form = TokenForm(posted, is_operator=desk.scope.is_operator, initial={"once": secrets.token_urlsafe(16)})
    if form.is_valid():
        try:
            token, plain = _make(form.cleaned_data, desk)
        except InvalidInput as error:
            place(form, error)
        except Conflict:
            again = _("This token was made already, and its text was shown once. "
                      "If you did not see it, revoke the token and make another.")  # fmt: skip
            say(request, again)
            return redirect("tocsin:desk-tokens", desk.organization.slug)
        else:
            api = request.build_absolute_uri(reverse("tocsin-api:api-root"))
            context = {"token": token, "plain": plain, "api": api, "scopes": _scopes(token)}
            return show(request, desk, "tocsin/desk/token_made.html", TAB | context)
    status = 422 if form.errors else 200
    return show(request, desk, "tocsin/desk/token_make.html", TAB | {"form": form}, status=status)


@strict
@for_desk("admin")
@require_http_methods(FORMS)
def revoke(request: HttpRequest, desk: Desk, prefix: str) -> HttpResponse:
    """A token ends, for good."""
    found = _tokens(desk).filter(prefix=prefix).first()
    if found is None:
        raise Http404("There is no such token.")
    if request.method == "POST":
        revoke_token(found, desk.by)
        say(request, _("The token “%(name)s” works no more.") % {"name": found.name})
        return redirect("tocsin:desk-tokens", desk.organization.slug)
    context = {
        "token": found,
        "state": _state(found),
        "scopes": _scopes(found),
        "seconds": int(CACHE_SECONDS),
    }
    return show(request, desk, "tocsin/desk/token_revoke.html", TAB | context)


def _make(given: dict[str, Any], desk: Desk) -> tuple[ApiToken, str]:
    days = given["days"]
    return create_token(
        given["name"],
        desk.organization,
        scopes=given["scopes"],
        operator=given.get("operator", False),
        expires=clock.now() + timedelta(days=days) if days else None,
        max_recipients=given["max_recipients"],
        by=desk.by,
        once=given["once"],
    )


def _tokens(desk: Desk) -> QuerySet[ApiToken]:
    """The organization's; those of the operator, which act for all, are the operator's alone."""
    rows: QuerySet[ApiToken] = ApiToken.objects.filter(organization=desk.organization)
    return rows if desk.scope.is_operator else rows.filter(is_operator=False)


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return "revoked"
    return "works" if is_live(token) else "expired"


def _scopes(token: ApiToken) -> list[Any]:
    return [MEANINGS.get(scope, scope) for scope in token.scopes]
