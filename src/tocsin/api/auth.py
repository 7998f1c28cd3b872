"""Who is asking: a bearer token or a session, made into a `Scope`, and whether that scope allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.api.answers import Refusal
from tocsin.api.limits import refuse_announced
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput
from tocsin.tenants import inbox_tokens, rates, tokens
from tocsin.tenants.roles import scope_of
from tocsin.tenants.scope import Scope

if TYPE_CHECKING:
    from django.http import HttpRequest

PUBLIC, SIGNED_IN, READER, SIGNATURE = "public", "signed in", "reader", "signature"
"""Decisions that name no scope: anyone; any token or session; the person of a session, about what is theirs; whoever
signed the body, which the view looks at."""
INBOX = "inbox reader"
"""The person of a session or of an inbox token, about their inbox. No other route takes such a token."""
OWN = "own or "
"""A decision that begins so lets a person in to what is theirs; a token needs the scope that follows."""
NOBODY = Scope(frozenset())
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer(header: str) -> str | None:
    """The token in an Authorization header; None where it holds none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


class Needs:
    """The authorization decision of one route, called by ninja with each request."""

    def __init__(self, decision: str, parameters: frozenset[str] = frozenset()) -> None:
        self.decision = decision
        self.parameters = parameters

    def __call__(self, request: HttpRequest) -> Scope:
        """The scope of who asks.

        Raises `Refusal` with 401, 403 or 413, `InvalidInput` for unknown parameters, and `TooSoon`.
        """
        refuse_announced(request.META.get("CONTENT_LENGTH") or "")
        if self.decision == SIGNATURE:
            self._refuse_unknown(request)
            return NOBODY
        scope = principal(request, inbox=self.decision == INBOX)
        if self.decision in (READER, INBOX):
            if scope.user_id is None:
                raise Refusal(403, "An inbox belongs to a person, not to a token. Sign in.")
        elif self.decision != SIGNED_IN:
            scope = scope.narrowed(self.decision.removeprefix(OWN))
            self._refuse_lacking(scope)
        self._refuse_unknown(request)
        rates.take(scope)
        return scope

    def _refuse_lacking(self, scope: Scope) -> None:
        permission = self.decision.removeprefix(OWN)
        if scope.may(permission) or (permission != self.decision and scope.user_id is not None):
            return
        whose = "This token lacks the scope" if scope.user_id is None else "Your role does not include"
        raise Refusal(403, f"{whose} {permission}.")

    def _refuse_unknown(self, request: HttpRequest) -> None:
        unknown = [name for name in request.GET if name not in self.parameters]
        if unknown:
            raise InvalidInput(
                *(
                    FieldError(name, "is no parameter here.", nearest(name, self.parameters))
                    for name in unknown
                )
            )


def principal(request: HttpRequest, *, inbox: bool = False) -> Scope:
    """The scope of a token or, where no Authorization header is sent, of the session. Raises `Refusal`.

    An inbox token is let in only where an `inbox` is asked for.
    """
    if any(
        text.startswith((tokens.MARK, inbox_tokens.MARK))
        for _, given in request.GET.lists()
        for text in given
    ):
        raise _unauthorized(
            "A token does not belong in an address, where logs keep it. Revoke it; send a header."
        )
    if header := request.headers.get("Authorization"):
        plain = bearer(header) or ""
        for_inbox = plain.startswith(inbox_tokens.MARK)
        scope = inbox_tokens.authenticate(plain) if for_inbox else tokens.authenticate(plain)
        if scope is None:
            raise _unauthorized(
                "The token is unknown, revoked or expired. Send `Authorization: Bearer tcs_…`."
            )
        if for_inbox and not inbox:
            raise Refusal(403, "This token opens an inbox and nothing else.")
        return scope
    from ninja.utils import check_csrf

    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        raise _unauthorized("Sign in, or send `Authorization: Bearer tcs_…`.")
    if request.method not in SAFE and check_csrf(request):
        raise Refusal(403, "The CSRF token is missing or wrong. Send it in the header X-CSRFToken.")
    return scope_of(user)


def _unauthorized(detail: str) -> Refusal:
    return Refusal(401, detail, WWW_Authenticate='Bearer realm="tocsin"')
