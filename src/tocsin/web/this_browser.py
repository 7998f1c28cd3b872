"""Which destination a browser is: by a signed cookie, which goes where the session's goes and outlives it.

With it every sign-out counts, a host's own too: nothing is pushed to the browser until that person is back.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import router, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger("tocsin.web")

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


def came(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """What is another's is told nothing here while `user` is; what was theirs goes on."""
    if destination := known(request):
        from tocsin.web import subscriptions

        _beside(subscriptions.hand_over, destination, user)


def left(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Nothing of theirs is told here until they are back."""
    destination = known(request)
    if destination and user is not None:
        from tocsin.web import subscriptions

        _beside(subscriptions.rest_of, destination, user)


def _beside(act: Callable[[int, Any], None], destination: int, user: Any) -> None:
    """Whatever is wrong with us: a host's doors open and close."""
    try:
        with transaction.atomic(using=router.db_for_write(get_user_model())):
            act(destination, user)
    except Exception:
        logger.exception("the push destination %s of a browser was left as it was", destination)


def _where() -> dict[str, Any]:
    return {
        "path": settings.SESSION_COOKIE_PATH,
        "domain": settings.SESSION_COOKIE_DOMAIN,
        "samesite": settings.SESSION_COOKIE_SAMESITE,
    }
