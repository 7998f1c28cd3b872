"""Event types that an administrator declared: their table, and what there is where code and settings know nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from tocsin import clock, conf
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events import types
from tocsin.events.draft import one_line
from tocsin.events.types import EventType
from tocsin.levels import Level, parse_level
from tocsin.tenants.audit import note
from tocsin.tenants.organizations import is_implicit, organization_slug
from tocsin.tenants.scope import ScopedManager

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from tocsin.tenants.scope import Scope

FIELDS = (
    "key", "label", "channels", "level", "category", "mandatory", "critical_passes", "max_recipients",
)  # fmt: skip
MAX_LABEL, MAX_CATEGORY, MAX_CHANNELS = 200, 100, 20
MOST_TYPES = 200
"""Of one organization: each is a row of everybody's preferences."""

CACHE_SECONDS = 2.0
"""How long a process believes what it last read of a type; in the process that changes one it holds at once."""
CACHE_SIZE = 4096


class DeclaredType(models.Model):
    """A kind of event that belongs to one organization. What code or settings declare of the same key wins."""

    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="event_types")
    key = models.CharField(max_length=types.MAX_KEY, unique=True)
    label = models.CharField(max_length=MAX_LABEL)
    channels = models.JSONField(default=list)
    level = models.SmallIntegerField(choices=[(level.value, level.slug) for level in Level])
    category = models.CharField(max_length=MAX_CATEGORY, blank=True)
    mandatory = models.BooleanField(default=False)
    critical_passes = models.BooleanField(default=False)
    max_recipients = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("event type"), _("event types")

    def __str__(self) -> str:
        return self.key

    def as_type(self) -> EventType:
        """The type as the rest of the house knows types."""
        return EventType(
            self.key,
            self.label,
            tuple(self.channels),
            Level(self.level),
            self.category,
            self.mandatory,
            self.critical_passes,
            self.max_recipients,
        )


_read: dict[str, tuple[float, types.Owned | None]] = {}


def stored(key: str, *, afresh: bool = False) -> types.Owned | None:
    """The type of this key and the organization that it belongs to; None where there is none.

    That there is one is believed for `CACHE_SECONDS`. That there is none too, but not where it is asked `afresh`:
    what somebody has just declared can be sent at once.
    """
    until, known = _read.get(key, (0.0, None))
    if time.monotonic() < until and (known is not None or not afresh):
        return known
    row = DeclaredType.objects.filter(key=key).first()
    found = None if row is None else types.Owned(row.as_type(), row.organization_id)
    if len(_read) >= CACHE_SIZE:
        _read.clear()
    _read[key] = (time.monotonic() + CACHE_SECONDS, found)
    return found


def forget() -> None:
    """Believe nothing that was read, now and once the transaction ends."""
    _read.clear()
    transaction.on_commit(_read.clear)


def types_of(organizations: Iterable[int] | None) -> dict[str, EventType]:
    """What is declared in code and settings, and by these organizations (None: by all), by key."""
    rows = DeclaredType.objects.all()
    if organizations is not None:
        rows = rows.filter(organization__in=set(organizations))
    return {row.key: row.as_type() for row in rows} | types.types()


def types_for(scope: Scope) -> dict[str, EventType]:
    """The kinds of event that a reader may know of, by key."""
    return types_of(scope.organizations)


def prefix_of(organization: int) -> str:
    """What the keys of an organization's own types begin with; "" where it may choose any."""
    return "" if is_implicit(organization) else f"{organization_slug(organization).lower()}:"


def save(
    organization: int,
    fields: Mapping[str, Any],
    by: str,
    kind: DeclaredType | None = None,
    *,
    channels: Collection[str],
) -> DeclaredType:
    """Declare a type for the events of an organization (its key), or change one that is declared.

    `fields` are those of `FIELDS`, absent ones have their defaults; the key of a type stays what it is. `channels`
    are the names of all that are installed. Raises `InvalidInput` with every error; then nothing is stored.
    """
    cleaned = _parse(organization, fields, kind, channels)
    now = clock.now()
    with transaction.atomic():
        if kind is None:
            row, before = DeclaredType(organization_id=organization, created_at=now), {}
        else:
            row = DeclaredType.objects.select_for_update().get(pk=kind.pk, organization=organization)
            before = as_json(row)
        for name, value in cleaned.items():
            setattr(row, name, value)
        row.updated_at = now
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # another one of this key, declared at the same moment
            raise _taken(row.key) from None
        action = "change" if kind else "create"
        note(organization, by, f"type.{action}", f"type:{row.key}"[:100], before=before, after=as_json(row))
        forget()
    return row


def delete(kind: DeclaredType, by: str) -> None:
    """Declare a type no more. Its events stay, and are shown under its key. Nothing happens where it is gone."""
    with transaction.atomic():
        row = DeclaredType.objects.select_for_update().filter(pk=kind.pk).first()
        if row is None:
            return
        subject = f"type:{row.key}"[:100]
        note(row.organization_id, by, "type.delete", subject, before=as_json(row), after={})
        row.delete()
        forget()


def as_json(kind: DeclaredType) -> dict[str, Any]:
    """The fields of a declared type, as `save` takes them."""
    return {name: getattr(kind, name) for name in FIELDS} | {"level": Level(kind.level).slug}


def _parse(
    organization: int, given: Mapping[str, Any], kind: DeclaredType | None, channels: Collection[str]
) -> dict[str, Any]:
    errors = [
        FieldError(str(name)[:80], "is no field of an event type.", conf.nearest(str(name), FIELDS))
        for name in given
        if name not in FIELDS
    ]
    cleaners: dict[str, Callable[[Any], Any]] = {
        "key": lambda value: _key(value, organization, kind),
        "label": _label,
        "channels": lambda value: _channels(value, channels),
        "level": lambda value: Level.INFO if value is None else parse_level(value),
        "category": lambda value: one_line("category", value, MAX_CATEGORY).strip(),
        "mandatory": lambda value: _flag("mandatory", value),
        "critical_passes": lambda value: _flag("critical_passes", value),
        "max_recipients": _limit,
    }
    cleaned = {}
    for name, clean in cleaners.items():
        try:
            cleaned[name] = clean(given.get(name))
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    return cleaned


def _key(value: object, organization: int, kind: DeclaredType | None) -> str:
    if kind is not None:
        if value not in (None, kind.key):
            raise invalid("key", "cannot be changed: events have it.", "Declare another type.")
        return kind.key
    prefix = prefix_of(organization)
    example = f"{prefix or 'shop:'}order-paid"
    if not isinstance(value, str) or not types.KEY.match(value) or len(value) > types.MAX_KEY:
        raise invalid(
            "key",
            f"must be lower-case words of at most {types.MAX_KEY} characters.",
            f"Write it as {example!r}.",
        )
    if not value.startswith(prefix):
        raise invalid("key", f"must begin with {prefix!r}.", f"Write it as {example!r}.")
    if value in types.types():
        raise invalid("key", f"{value!r} is declared in code or settings.", "Choose another key.")
    if DeclaredType.objects.filter(key=value).exists():
        raise _taken(value)
    if DeclaredType.objects.filter(organization=organization).count() >= MOST_TYPES:
        raise invalid("key", f"is one too many: {MOST_TYPES} types are the most.", "Delete one first.")
    return value


def _taken(key: str) -> InvalidInput:
    return invalid("key", f"{key!r} is taken.", "Choose another key.")


def _label(value: object) -> str:
    label = one_line("label", value, MAX_LABEL).strip()
    if not label:
        raise invalid("label", "is missing.", "Say in a few words what happened.")
    return label


def _channels(value: object, known: Collection[str]) -> list[str]:
    given = ["message"] if value is None else value
    if not isinstance(given, list | tuple) or len(given) > MAX_CHANNELS:
        raise invalid("channels", f"must be a list of at most {MAX_CHANNELS}.", 'Send ["message", "email"].')
    errors = [
        FieldError(
            f"channels.{index}", f"{str(slug)[:50]!r} is not known.", conf.nearest(str(slug)[:50], known)
        )
        for index, slug in enumerate(given)
        if not isinstance(slug, str) or slug not in known
    ]
    if errors:
        raise InvalidInput(*errors)
    return list(dict.fromkeys(given))


def _flag(name: str, value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise invalid(name, "must be true or false.")
    return bool(value)


def _limit(value: object) -> int | None:
    limit = types.clean_limit(value)
    if limit is not None and limit >= 2**31:
        raise invalid("max_recipients", "is too large.", "Leave it out for no limit.")
    return limit


types.look_further(stored)
