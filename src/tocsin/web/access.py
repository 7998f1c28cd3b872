"""Who may see which page. The one place that knows; every view is wrapped by one of its decorators."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.views.decorators.cache import never_cache

from tocsin.tenants.models import Organization
from tocsin.tenants.roles import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from tocsin.tenants.scope import Scope

    View = Callable[..., HttpResponseBase]

KEEPS = "events:read"
"""What a role must include for its people to see the ledger."""
AT_DESK = "rules"
"""What a role must include for its people to have a desk; each of its pages asks for what it changes."""


def ledger_scope(user: Any) -> Scope | None:
    """What `user` may see of the ledger, None for nothing: the same rights as a session has in the API."""
    return _scope(user, KEEPS)


@dataclass(frozen=True, slots=True)
class Desk:
    """An organization, and what the person at its desk may change of it."""

    organization: Organization
    scope: Scope

    def may(self, permission: str) -> bool:
        return self.scope.may(permission, self.organization.pk)

    @property
    def by(self) -> str:
        """Who changes something here, for the audit log."""
        return self.scope.name


def at_desk(user: Any) -> bool:
    """Whether `user` has a desk at all."""
    return _scope(user, AT_DESK) is not None


def is_operator(user: Any) -> bool:
    """Whether `user` looks after the whole server, and is told what it lacks."""
    return _whole(user).is_operator


def desks_of(user: Any) -> list[Organization]:
    """The organizations at whose desk `user` may sit, by name: whoever keeps its rules may."""
    return organizations_of(user, AT_DESK)


def organizations_of(user: Any, permission: str) -> list[Organization]:
    """The organizations in which `user` may do this, by name."""
    scope = _scope(user, permission)
    if scope is None:
        return []
    rows = Organization.objects.order_by("name", "slug")
    return list(rows if scope.is_operator else rows.filter(pk__in=scope.organizations or ()))


def _scope(user: Any, permission: str) -> Scope | None:
    if not user.is_authenticated:
        return None
    scope = _whole(user).narrowed(permission)
    return scope if scope.may(permission) else None


def _whole(user: Any) -> Scope:
    """The person's scope, read once for a request: the view and the navigation ask of the same user object."""
    if not hasattr(user, "tocsin_scope"):
        user.tocsin_scope = scope_of(user)
    scope: Scope = user.tocsin_scope
    return scope


def for_anyone(view: View) -> View:
    """The view is for those who are not signed in too."""
    return _marked(never_cache(view), "anyone")


def for_readers(view: View) -> View:
    """The view is for whoever is signed in, and shows them their own."""
    return _marked(never_cache(_signed_in(view)), "reader")


def for_keepers(permission: str = KEEPS) -> Callable[[View], View]:
    """The view is for those who look after the ledger; it is called with their scope as second argument."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            scope = _scope(request.user, permission)
            if scope is None:
                return render(request, "tocsin/not_yours.html", status=403)
            return view(request, scope, *args, **kwargs)

        return _marked(never_cache(_signed_in(checked)), permission)

    return wrap


def for_desk(permission: str) -> Callable[[View], View]:
    """The view is for those who may do this in the organization that the address names; it is called with the `Desk`.

    An organization that is not theirs is missing, like one that never was.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, organization: str, **kwargs: Any) -> HttpResponseBase:
            scope = _whole(request.user)
            found = Organization.objects.filter(slug=organization).first()
            if found is None or not scope.sees(found.pk) or not scope.may(AT_DESK, found.pk):
                raise Http404("There is no such desk.")
            if not scope.may(permission, found.pk):
                return render(request, "tocsin/not_yours.html", status=403)
            return view(request, Desk(found, scope), **kwargs)

        return _marked(never_cache(_signed_in(checked)), f"desk:{permission}")

    return wrap


def _signed_in(view: View) -> View:
    """Who is not signed in is asked to, and comes back to the page that they were on: also after a form was sent."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        page = _page_of(request)
        elsewhere = urlsplit(resolve_url(settings.LOGIN_URL)).netloc not in ("", request.get_host())
        return redirect_to_login(request.build_absolute_uri(page) if elsewhere else page)

    return asked


def _page_of(request: HttpRequest) -> str:
    """The page that a request is for; of a form that was sent the page that it was on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc != request.get_host():
        return reverse("tocsin:home")
    return f"{before.path}?{before.query}" if before.query else before.path


def _marked(view: View, access: str) -> View:
    view.access = access  # type: ignore[attr-defined]
    return login_not_required(view)  # a host's LoginRequiredMiddleware does not know better
