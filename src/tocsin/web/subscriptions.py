"""A browser's subscription to push as a person's destination: kept, looked at, ended.

Its endpoint is a secret of that browser: whoever gives it has the browser in hand, and decides whose it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from tocsin import pipeline
from tocsin.channels import registry
from tocsin.channels.forms import identity_of
from tocsin.channels.outcomes import Cause
from tocsin.errors import InvalidInput
from tocsin.recipients import destinations, proof
from tocsin.recipients.models import Destination
from tocsin.tenants.roles import scope_of
from tocsin.web.destination_words import try_out
from tocsin.web.words import SPOKEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.models import QuerySet

    from tocsin.channels.base import Channel

SLUG = "webpush"
SIGNED_OUT = gettext_lazy("They signed out there.")


def problem() -> str:
    """Why no browser can subscribe, in a sentence for the operator; empty where they can."""
    channel = registry.channels().get(SLUG)
    if channel is not None:
        return channel.not_ready()
    missing = registry.missing().get(SLUG)
    return f"{missing.brief}. {missing.problem.remedy}" if missing else _("The channel is not there.")


def public_key() -> str:
    """The key under which browsers subscribe today; empty where they cannot."""
    if problem():
        return ""
    from tocsin.channels.webpush import keys  # only here: without its extra the folder cannot be imported

    return keys.public_key()


@sensitive_variables()
def keep(
    user: Any, settings: Mapping[str, str], label: str, *, old: Collection[str], was: int | None, quiet: bool
) -> str:
    """The subscription is this person's, whoever's it was before; what it is now, as `state_of` says it.

    `old` are endpoints in whose place it comes, `was` is the key that this browser had: that destination of theirs
    goes on, and with it the rules that name it.
    `quiet`, where nobody asked for it: what was taken away is not made again ("unknown"), and what somebody has
    disabled stays so. Raises `InvalidInput` for what the channel refuses; nothing has changed then.
    """
    with transaction.atomic():
        rows = _found(settings["endpoint"], *old)
        this = Destination.objects.filter(channel=SLUG, pk__in=[] if was is None else [was])
        known = (_found(settings["endpoint"]), rows, this)
        row = next((mine for one in known if (mine := one.filter(user=user).first())), None)
        if row is not None:
            _renew(row, settings, quiet=quiet)
        elif quiet:
            return "unknown"
        else:
            row = _made(user, settings, label)
        for other in rows.exclude(pk=row.pk):
            pipeline.remove_destination(other, scope_of(user).name, force=True)
    state = state_of(user, settings["endpoint"])
    if state == "confirm":
        try_out(row, pipeline.send_code)
    return state


@sensitive_variables()
def _renew(row: Destination, settings: Mapping[str, str], *, quiet: bool) -> None:
    wish = row.disabled_reason if quiet and row.disabled_at and _off(row) == "disabled" else ""
    destinations.change(row, dict(settings))
    if wish:
        destinations.disable(row, wish)
    else:
        destinations.enable(row)


def state_of(user: Any, endpoint: str) -> str:
    """What a browser's subscription is to this person.

    "on"; "confirm", where the operator asks for a code; "disabled" by somebody's wish; "gone", as the push service
    said; "rested" since they signed out; "other": somebody else's; "unknown".
    """
    rows = list(_found(endpoint))
    mine = next((row for row in rows if row.user_id == user.pk), None)
    if mine is None:
        return "other" if rows else "unknown"
    if mine.disabled_at is not None:
        return _off(mine)
    return "confirm" if proof.is_missing(SLUG, mine.verified_at) else "on"


def end(user: Any, endpoint: str) -> None:
    """Nothing is sent to this browser any more, whoever's it was."""
    with transaction.atomic():
        for row in _found(endpoint):
            pipeline.remove_destination(row, scope_of(user).name, force=True)


def rest(user: Any, endpoint: str) -> None:
    """Nothing is sent to this browser until this person signs in there again."""
    _rest(_found(endpoint), user)


def rest_of(pk: int, user: Any) -> None:
    """The same, of the browser with this key."""
    _rest(Destination.objects.filter(channel=SLUG, pk=pk), user)


def _rest(rows: QuerySet[Destination], user: Any) -> None:
    for row in rows.filter(user=user):
        destinations.disable(row, str(SIGNED_OUT))


def hand_over(pk: int, user: Any) -> None:
    """Somebody has signed in at the browser with this key: what rested as theirs goes on, another's rests."""
    row = Destination.objects.filter(channel=SLUG, pk=pk, user__isnull=False).first()
    if row is None:
        return
    if row.user_id != user.pk:
        destinations.disable(row, str(SIGNED_OUT))
    elif row.disabled_at is not None and _off(row) == "rested":
        destinations.enable(row)


def key_of(user: Any, endpoint: str) -> int | None:
    """The key of this person's destination with this endpoint, if it is in use."""
    return _found(endpoint).filter(user=user, disabled_at=None).values_list("pk", flat=True).first()


def _found(*endpoints: str) -> QuerySet[Destination]:
    channel = registry.channels().get(SLUG)
    if channel is None:
        return Destination.objects.none()
    known = [_identity(channel, one) for one in endpoints if one]
    return Destination.objects.filter(channel=SLUG, identity__in=known).order_by("pk")


def _identity(channel: Channel, endpoint: str) -> str:
    """As the channel stores it: of the endpoint as its form writes it, whatever else there is."""
    form = channel.form({"endpoint": endpoint})
    form.full_clean()
    return identity_of(channel.form, form.cleaned_data)


def _made(user: Any, settings: Mapping[str, str], label: str) -> Destination:
    taken = set(Destination.objects.filter(user=user, channel=SLUG).values_list("label", flat=True))
    number, free = 1, label
    while free in taken:
        number += 1
        free = f"{label} ({number})"
    try:
        return destinations.create(user, SLUG, dict(settings), label=free).destination
    except InvalidInput:
        row = _found(settings["endpoint"]).filter(user=user).first()  # another tab was quicker
        if row is None:
            raise
        return row


def _off(row: Destination) -> str:
    """Why nothing is sent there: by the reason, in the languages in which reasons are written down."""
    for language in SPOKEN:
        with translation.override(language):
            if row.disabled_reason == str(SIGNED_OUT):
                return "rested"
            if row.disabled_reason in {str(cause.label) for cause in Cause}:
                return "gone"
    return "disabled"
