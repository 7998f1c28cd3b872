"""Which destination a browser is: by a signed cookie, which goes where the session's goes and outlives it.

With it every sign-out counts, a host's own too: nothing is pushed to the browser until that person is back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

COOKIE = "tocsin-push"
LASTS = timedelta(days=400)
"""As long as browsers keep a cookie."""


def remember(request: HttpRequest, response: HttpResponse, destination: int) -> None:
    """This browser is the destination with this key."""
    response.set_signed_cookie(
        COOKIE,
        str(destination),
        salt=COOKIE,
        max_age=LASTS,
        httponly=True,
        **_where(),
        secure=settings.SESSION_COOKIE_SECURE or request.is_secure(),
    )


def forget(response: HttpResponse) -> None:
    """This browser is none any more, or is unsubscribed until its inbox page is opened."""
    response.delete_cookie(COOKIE, **_where())


def known(request: HttpRequest | None) -> int | None:
    """The key of the destination that this browser says it is."""
    given = request and request.get_signed_cookie(COOKIE, default=None, salt=COOKIE)
    return int(given) if given else None


def connect() -> None:
    """Hear of whoever signs in or out."""
    user_logged_in.connect(came, dispatch_uid="tocsin.push")
    user_logged_out.connect(left, dispatch_uid="tocsin.push")


def came(request: HttpRequest, user: Any, **_: Any) -> None:
    """What is another's is told nothing here while `user` is; what was theirs goes on."""
    if destination := known(request):
        from tocsin.web import subscriptions

        subscriptions.hand_over(destination, user)


def left(request: HttpRequest, user: Any, **_: Any) -> None:
    """Nothing of theirs is told here until they are back."""
    destination = known(request)
    if destination and user is not None:
        from tocsin.web import subscriptions

        subscriptions.rest(user, pk=destination)


def _where() -> dict[str, Any]:
    return {
        "path": settings.SESSION_COOKIE_PATH,
        "domain": settings.SESSION_COOKIE_DOMAIN,
        "samesite": settings.SESSION_COOKIE_SAMESITE,
    }
