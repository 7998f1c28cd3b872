"""Destinations: found, saved, switched off. Settings are cleaned by the channel's form, secrets are sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from tocsin import clock
from tocsin.channels import registry
from tocsin.channels.base import Channel, Target
from tocsin.channels.forms import CleanSettings, clean_settings
from tocsin.errors import Conflict, FieldError, InvalidInput, NotFound, TooSoon, invalid
from tocsin.events.ids import number_of
from tocsin.recipients import secrets, users
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from tocsin.tenants.scope import Scope

MAX_LABEL = 100
MAX_REASON = 200
TEST_PAUSE_SECONDS = 10.0
MANAGE = "destinations"
"""The permission to manage those of an organization. Everyone manages their own."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving made of a destination."""

    destination: Destination
    made: dict[str, Any] = field(repr=False, default_factory=dict)
    """Secrets that the channel made because none was given. They are shown once, now."""
    secret_cleared: bool = False
    """Whether a secret was dropped because it belonged to another address."""


def manageable(scope: Scope) -> QuerySet[Destination]:
    """The destinations that `scope` may see and change: its person's own, and with MANAGE its organizations'."""
    if scope.organizations is None:
        return Destination.objects.all()
    theirs = Q(user=scope.user_id, user__isnull=False)
    if scope.may(MANAGE):
        theirs |= Q(organization__in=scope.organizations)
    return Destination.objects.filter(theirs)


def find(public_id: str, scope: Scope) -> Destination:
    """A destination by its number. Raises `NotFound` for one that is missing or another's."""
    rows, number = manageable(scope).select_related("user", "organization"), number_of(public_id)
    found = None if number is None else rows.filter(pk=number, managed=False).first()
    if found is None:
        raise NotFound(f"There is no destination {public_id[:40]!r}.")
    return found


@sensitive_variables()
def add_destination(owner: Any, channel: str, settings: object, *, label: str = "") -> Destination:
    """`create`, in the operator's name: nothing has to be confirmed."""
    return create(owner, channel, settings, label=label, by_operator=True).destination


@sensitive_variables()
def create(
    owner: Any, channel: str, settings: object, *, label: object = "", by_operator: bool = False
) -> Saved:
    """Store a destination of a user or an organization.

    The operator's are taken as confirmed. Raises `InvalidInput` for settings the channel refuses, and for a
    label or an address the owner has already on this channel.
    """
    found = _ready(channel)
    cleaned = clean_settings(found.form, settings, by_operator=by_operator)
    key = {"organization" if isinstance(owner, Organization) else "user": owner, "channel": channel}
    destination = Destination(
        **key, identity=cleaned.identity, verified_at=clock.now() if by_operator else None
    )
    given = check_label(label)
    destination.label = given or _free_label(destination, _own_label(found, cleaned))
    _save(destination, cleaned)
    return Saved(destination, cleaned.made)


@sensitive_variables()
def change(
    destination: Destination, settings: object, *, label: object = "", by_operator: bool = False
) -> Saved:
    """Give a destination other settings, and another label unless it is empty.

    A secret that is not given is kept if the address stays the same; it must not follow to another one.
    Raises `InvalidInput` as `create` does, and `Conflict` for one that is managed.
    """
    refuse_managed(destination)
    found = _ready(destination.channel)
    if isinstance(settings, dict):
        settings = dict(found.on_change(_target(destination), settings))
    cleaned, cleared = _merged(found, destination, settings, by_operator=by_operator)
    if cleaned.identity != destination.identity:
        destination.identity = cleaned.identity
        destination.verified_at = clock.now() if by_operator else None
        destination.disabled_at, destination.disabled_reason = None, ""
    destination.label = check_label(label) or destination.label
    _save(destination, cleaned)
    return Saved(destination, cleaned.made, cleared)


@sensitive_variables()
def _merged(
    channel: Channel, destination: Destination, given: object, *, by_operator: bool
) -> tuple[CleanSettings, bool]:
    """The new settings with those old secrets that may stay, and whether one had to go."""
    try:
        old: dict[str, Any] = secrets.unseal(destination.secrets)
    except secrets.SecretUnreadable:
        return clean_settings(channel.form, given, by_operator=by_operator), True
    kept = {name: value for name, value in old.items() if isinstance(given, dict) and name not in given}
    if not kept or not isinstance(given, dict):
        return clean_settings(channel.form, given, by_operator=by_operator), False
    cleaned = clean_settings(channel.form, kept | given, by_operator=by_operator)
    if cleaned.identity == destination.identity:
        return cleaned, False
    try:
        return clean_settings(channel.form, given, by_operator=by_operator), True
    except InvalidInput as error:
        raise InvalidInput(*(_with_remedy(one, kept) for one in error.errors)) from None


def _with_remedy(error: FieldError, kept: Iterable[str]) -> FieldError:
    if error.field.removeprefix("settings.") not in kept:
        return error
    return FieldError(
        error.field, error.message, "The address changed, so the old secret is not kept: give it."
    )


def _ready(slug: str) -> Channel:
    channel = registry.get(slug)
    if channel.in_app:
        raise invalid("channel", f"{slug!r} needs no destination.", "Every user has an inbox already.")
    if problem := channel.not_ready():
        raise invalid("channel", f"{slug!r} is not set up on this server.", problem)
    return channel


def check_label(given: object) -> str:
    """`given` as a label: one line, or the empty text for none."""
    label = "" if given is None else given.strip() if isinstance(given, str) else given
    if not isinstance(label, str) or len(label) > MAX_LABEL or not label.isprintable():
        raise invalid("label", f"must be one line of at most {MAX_LABEL} characters.", "Shorten it.")
    return label


def _own_label(channel: Channel, cleaned: CleanSettings) -> str:
    label = channel.target_label(cleaned.open | cleaned.secret)
    return "".join(char if char.isprintable() else " " for char in label)[: MAX_LABEL - 6].strip()


def _free_label(destination: Destination, label: str) -> str:
    """A label that nobody chose gets a number where it is taken."""
    taken = set(_others(destination).filter(label__startswith=label).values_list("label", flat=True))
    number, free = 1, label
    while free in taken:
        number += 1
        free = f"{label} ({number})"
    return free


def _save(destination: Destination, cleaned: CleanSettings) -> None:
    destination.settings = cleaned.open
    destination.secrets = secrets.seal(cleaned.secret)
    _refuse_twins(destination)
    _judge(destination)
    try:
        with transaction.atomic():
            destination.save()
    except IntegrityError:
        _refuse_twins(destination)  # somebody was quicker: now they are seen
        raise


def _judge(destination: Destination) -> None:
    """Let the channel judge what its form could not see. Raises `InvalidInput`."""
    channel = registry.get(destination.channel)
    if type(channel).judge is Channel.judge:  # nothing needs to be looked up
        return
    others = map(_target, _others(destination).iterator())
    owner = users.recipients([destination.user_id]).get(destination.user_id) if destination.user_id else None
    channel.judge(_target(destination), others, owner)


def _target(destination: Destination) -> Target:
    """A destination as its channel sees it. Secrets that cannot be read any more are left out."""
    try:
        hidden: dict[str, Any] = secrets.unseal(destination.secrets)
    except secrets.SecretUnreadable:
        hidden = {}
    return Target(destination.identity, destination.label, destination.settings | hidden, destination.pk)


def _others(destination: Destination) -> QuerySet[Destination]:
    """The owner's other destinations on the same channel."""
    rows = Destination.objects.filter(
        user=destination.user, organization=destination.organization, channel=destination.channel
    )
    return rows.filter(managed=False).exclude(pk=destination.pk)


def _refuse_twins(destination: Destination) -> None:
    if _others(destination).filter(identity=destination.identity).exists():
        raise invalid("settings", "The owner has a destination with this address already.", "Use that one.")
    if _others(destination).filter(label=destination.label).exists():
        raise invalid("label", f"{destination.label!r} is taken on this channel.", "Choose another label.")


def refuse_managed(destination: Destination) -> None:
    """Raise `Conflict` for a destination that follows the account."""
    if destination.managed:
        raise Conflict("This address is the account's and read-only here. Change it in the account.")


def delete(destination: Destination) -> None:
    """Remove a destination; what was on its way there ends as skipped. Raises `Conflict` for a managed one."""
    refuse_managed(destination)
    found = registry.channels().get(destination.channel)  # what was sent by a channel that is gone may go
    if found is not None and (why := found.why_not_deletable(_target(destination))):
        raise Conflict(why)
    destination.delete()


def enable(destination: Destination) -> None:
    """Use a destination again."""
    if destination.disabled_at is None:
        return
    destination.disabled_at, destination.disabled_reason = None, ""
    destination.save(update_fields=["disabled_at", "disabled_reason"])


def disable(destination: Destination, reason: str) -> bool:
    """Stop using a destination, and remember why. False if it was disabled already."""
    if destination.disabled_at is not None:
        return False
    destination.disabled_at, destination.disabled_reason = clock.now(), reason[:MAX_REASON]
    if destination.managed:
        return _remember(destination)
    columns = {"disabled_at": destination.disabled_at, "disabled_reason": destination.disabled_reason}
    return bool(Destination.objects.filter(pk=destination.pk).usable().update(**columns))


def _remember(destination: Destination) -> bool:
    """Save what is known of an account address; False if somebody else made its row in this moment."""
    try:
        with transaction.atomic():
            destination.save()
    except IntegrityError:
        return False
    return True


def note_test(destination: Destination) -> None:
    """Remember that a test is sent now. Raises `TooSoon` if there was one within `TEST_PAUSE_SECONDS`."""
    now = clock.now()
    destination.tested_at = now
    if destination._state.adding:  # an account address that nothing is remembered of
        noted = _remember(destination)
    else:
        before = now - timedelta(seconds=TEST_PAUSE_SECONDS)
        rows = Destination.objects.filter(pk=destination.pk)
        noted = bool(rows.exclude(tested_at__gt=before).update(tested_at=now))
    if not noted:
        raise TooSoon("A test was sent there a moment ago.", TEST_PAUSE_SECONDS)
