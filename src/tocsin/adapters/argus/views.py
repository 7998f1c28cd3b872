"""An event, its incident and destinations as plugins of Argus expect them. Values: nothing of them is saved."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.utils import timezone

from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tocsin.channels.base import EventView, Message, Recipient, Target

__all__ = [
    "INFINITY",
    "LOCAL_INFINITY",
    "DestinationConfig",
    "Event",
    "Incident",
    "Media",
    "User",
]

INFINITY = datetime.max  # noqa: DTZ901 (as Argus has it)
LOCAL_INFINITY = INFINITY.replace(tzinfo=UTC)
"""The end of what has not ended."""
LEVELS = {Level.CRITICAL: 1, Level.ERROR: 2, Level.WARNING: 3, Level.INFO: 5}
"""Ours as Argus counts them: 1 is the gravest."""
TYPES = {
    "STA": "Incident start",
    "ACK": "Acknowledge",
    "CHI": "Incident change",
    "END": "Incident end",
    "LES": "Stateless",
}
TYPES_OF_ACTIONS = {"update": "CHI", "acknowledge": "ACK", "resolve": "END"}


@dataclass(eq=False)
class User:
    """A person, or whatever an event says did it."""

    username: str = ""
    email: str = ""
    pk: Any = None
    destinations: Destinations = field(default_factory=lambda: Destinations([]))

    @property
    def id(self) -> Any:
        return self.pk

    def __str__(self) -> str:
        return self.username


@dataclass(frozen=True)
class Media:
    """The kind of a destination."""

    slug: str
    name: str
    installed: bool = True

    @property
    def pk(self) -> str:
        return self.slug

    def __str__(self) -> str:
        return self.slug


@dataclass(eq=False)
class DestinationConfig:
    """One of a person's addresses."""

    media: Media
    settings: dict[str, Any] = field(repr=False)
    label: str = ""
    pk: int = 0
    user: User = field(default_factory=User)
    managed: bool = False

    @property
    def id(self) -> int:
        return self.pk

    @property
    def media_id(self) -> str:
        return self.media.slug

    @property
    def user_id(self) -> Any:
        return self.user.pk

    @property
    def notification_profiles(self) -> SimpleNamespace:
        """None: a destination that rules tell is refused before its plugin is asked."""
        return SimpleNamespace(all=list)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: what a plugin returns is what is saved."""

    def __str__(self) -> str:
        return self.label or self.media.name


class Destinations:
    """As much of a queryset as plugins use."""

    def __init__(self, rows: Iterable[DestinationConfig]) -> None:
        self._rows = list(rows)

    def filter(self, **lookups: Any) -> Destinations:
        """Those that all lookups fit. Raises Django's FieldError for one that is not known here."""
        return Destinations(row for row in self._rows if _fits(row, lookups))

    def exclude(self, **lookups: Any) -> Destinations:
        return Destinations(row for row in self._rows if not _fits(row, lookups))

    def all(self) -> Destinations:
        return self

    select_related = prefetch_related = order_by = distinct = only = lambda self, *names: self

    def exists(self) -> bool:
        return bool(self._rows)

    def count(self) -> int:
        return len(self._rows)

    def first(self) -> DestinationConfig | None:
        return self._rows[0] if self._rows else None

    def __iter__(self) -> Iterator[DestinationConfig]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]


_LOOKUPS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": lambda value, wanted: value == wanted,
    "iexact": lambda value, wanted: str(value).lower() == str(wanted).lower(),
    "in": lambda value, wanted: value in wanted,
    "contains": lambda value, wanted: str(wanted) in str(value),
    "icontains": lambda value, wanted: str(wanted).lower() in str(value).lower(),
    "startswith": lambda value, wanted: str(value).startswith(str(wanted)),
    "isnull": lambda value, wanted: (value is None) is wanted,
}


def _fits(row: DestinationConfig, lookups: dict[str, Any]) -> bool:
    return all(_fits_one(row, name, wanted) for name, wanted in lookups.items())


def _fits_one(row: DestinationConfig, name: str, wanted: Any) -> bool:
    value: Any = row
    *path, last = name.split("__")
    lookup = _LOOKUPS.get(last) if path else None
    for part in path if lookup else [*path, last]:
        if isinstance(value, dict):
            value = value.get(part)
        elif hasattr(value, part):
            value = getattr(value, part)
        else:
            raise FieldError(f"Destinations cannot be looked up by {name!r} here.")
    value = value.pk if isinstance(value, User | Media) and not isinstance(wanted, User | Media) else value
    return (lookup or _LOOKUPS["exact"])(value, wanted)


@dataclass(frozen=True)
class Source:
    """Where an incident comes from."""

    id: int
    name: str
    type: SimpleNamespace

    @property
    def pk(self) -> int:
        return self.id

    def __str__(self) -> str:
        return f'"{self.name}" [{self.type.name}]'


class Incident:
    """What an event is about. Its columns are its attributes, as plugins read them by `vars()`."""

    def __init__(self, event: EventView) -> None:
        self._state = SimpleNamespace(db="default", adding=False)
        self.id = _number(event.group_key or event.id)
        self.start_time = event.created_at
        self.end_time = _end_of(event)
        self.source_id = 1
        self.source_incident_id = event.group_key
        self.details_url = event.url
        self.description = event.title
        self.level = LEVELS[event.level]
        self.ticket_url = str(event.data.get("ticket_url", ""))
        self.search_text = event.body
        self.metadata = dict(event.data)

    @property
    def pk(self) -> int:
        return self.id

    @property
    def source(self) -> Source:
        named = str(self.metadata.get("source", "tocsin"))
        return Source(1, named, SimpleNamespace(name="tocsin"))

    @property
    def stateful(self) -> bool:
        return self.end_time is not None

    @property
    def open(self) -> bool:
        return self.end_time == LOCAL_INFINITY

    @property
    def acked(self) -> bool:
        return False

    @property
    def deprecated_tags(self) -> list[Any]:
        """The event's plain data as tags."""
        plain = {key: value for key, value in self.metadata.items() if isinstance(value, str | int | float)}
        return [
            SimpleNamespace(key=key, value=value, representation=f"{key}={value}")
            for key, value in plain.items()
        ]

    tags = deprecated_tags

    def pp_details_url(self) -> str:
        """The address of the page that says more."""
        return self.details_url

    def __str__(self) -> str:
        return f"Incident #{self.pk} at {self.start_time} [#{self.source_incident_id} from {self.source}]"


class Event:
    """What happened."""

    def __init__(self, event: EventView, action: str) -> None:
        self.incident = Incident(event)
        self.pk = self.id = _number(event.id)
        self.incident_id = self.incident.pk
        self.actor = User(event.actor or event.organization or "tocsin")
        self.timestamp = self.received = event.created_at
        self.type = _type_of(event, action)
        self.description = event.body or event.title

    def get_type_display(self) -> str:
        """The type in words."""
        return TYPES[self.type]

    def __str__(self) -> str:
        return f"'{self.get_type_display()}': {self.incident.description}, {self.actor} @ {self.timestamp}"


def event_of(message: Message) -> Event:
    """The lead event of a message."""
    return Event(message.event, message.action)


def destination_of(target: Target, media: Media, person: Recipient | None = None) -> DestinationConfig:
    """A destination."""
    user = User(person.name, person.email, person.pk) if person else User()
    return DestinationConfig(media, dict(target.settings), target.label, target.pk or 0, user)


def _number(text: str) -> int:
    """A key of Argus is a number: that of a UUID, or of a text one of its own."""
    try:
        return uuid.UUID(text).int
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_URL, text).int


def _end_of(event: EventView) -> datetime | None:
    if not event.group_key:
        return None
    return timezone.now() if event.status == "resolved" else LOCAL_INFINITY


def _type_of(event: EventView, action: str) -> str:
    if not event.group_key:
        return "LES"
    return TYPES_OF_ACTIONS.get(action) or ("END" if event.status == "resolved" else "STA")
