"""Who may see which page. The one place that knows; every view is wrapped by one of its decorators."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from tocsin.tenants.roles import scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from tocsin.tenants.scope import Scope

    View = Callable[..., HttpResponseBase]

KEEPS = "events:read"
"""What a role must include for its people to see the ledger."""


def ledger_scope(user: Any) -> Scope | None:
    """What `user` may see of the ledger, None for nothing: the same rights as a session has in the API."""
    return _scope(user, KEEPS)


def _scope(user: Any, permission: str) -> Scope | None:
    if not user.is_authenticated:
        return None
    scope = scope_of(user).narrowed(permission)
    return scope if scope.may(permission) else None


def for_anyone(view: View) -> View:
    """The view is for those who are not signed in too."""
    return _marked(never_cache(view), "anyone")


def for_readers(view: View) -> View:
    """The view is for whoever is signed in, and shows them their own."""
    return _marked(never_cache(login_required(view)), "reader")


def for_keepers(permission: str = KEEPS) -> Callable[[View], View]:
    """The view is for those who look after the ledger; it is called with their scope as second argument."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            scope = _scope(request.user, permission)
            if scope is None:
                return render(request, "tocsin/not_yours.html", status=403)
            return view(request, scope, *args, **kwargs)

        return _marked(never_cache(login_required(checked)), permission)

    return wrap


def _marked(view: View, access: str) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view
