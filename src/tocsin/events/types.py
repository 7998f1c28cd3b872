"""The registry of event types and of `still_valid` checks, filled by `notifications.py` of the apps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.utils.translation import gettext_lazy as _

from tocsin import conf
from tocsin.errors import invalid
from tocsin.levels import Level, parse_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.utils.functional import Promise

    from tocsin.events.models import Event

    Check = Callable[[Event], bool]

KEY = re.compile(r"\A[a-z0-9][a-z0-9_.-]*(:[a-z0-9][a-z0-9_.-]*)*\Z")
MAX_KEY = 100


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event. `mandatory` passes opt-outs; `channels` are those used when nobody chose.

    `max_recipients`: above so many people and addresses an event waits for a confirmation.
    `critical_passes`: critical events are told at once, whatever people's hours are.
    """

    key: str
    label: str | Promise
    channels: tuple[str, ...] = ("message",)
    level: Level = Level.INFO
    category: str = ""
    mandatory: bool = False
    critical_passes: bool = False
    max_recipients: int | None = None


class Owned(NamedTuple):
    """A type that an administrator declared, and the organization whose events may be of it."""

    type: EventType
    organization: int


class Further(Protocol):
    """Where else to look for a type; `afresh` for one that may have been declared a moment ago."""

    def __call__(self, key: str, *, afresh: bool = False) -> Owned | None: ...


_types: dict[str, EventType] = {}
_further: list[Further] = []
_checks: dict[str, Check] = {}


def event_type(
    key: str,
    *,
    label: str | Promise,
    channels: Iterable[str] = ("message",),
    level: str | Level = Level.INFO,
    category: str = "",
    mandatory: bool = False,
    critical_passes: bool = False,
    max_recipients: int | None = None,
) -> EventType:
    """Declare a kind of event; put it in an app's `notifications.py`, which is imported at start.

    Raises `InvalidInput` for a malformed key, an unknown level, or a second declaration that differs.
    Channels are checked by Django's system checks, when all of them are loaded.
    """
    if not isinstance(key, str) or not KEY.match(key) or len(key) > MAX_KEY:
        raise invalid("key", f"{key!r} is no event type key.", "Use lower-case words such as 'invoice:paid'.")
    if isinstance(channels, str):
        raise invalid("channels", "must be a list of channel names.", f"Write channels=[{channels!r}].")
    made = EventType(
        key,
        label,
        tuple(channels),
        parse_level(level),
        category,
        mandatory,
        critical_passes,
        clean_limit(max_recipients),
    )
    if _types.setdefault(key, made) != made:
        raise invalid(
            "key", f"The event type {key!r} is declared twice, differently.", "Keep one of the two."
        )
    return made


def check(name: str) -> Callable[[Check], Check]:
    """Register a `still_valid` check: called with the event when it is due; False means it is dropped."""

    def register(function: Check) -> Check:
        if _checks.setdefault(name, function) is not function:
            raise invalid(
                "name", f"The check {name!r} is registered twice.", "Give one of them another name."
            )
        return function

    return register


def look_further(find: Further) -> None:
    """Say where types are that neither code nor settings declare."""
    _further[:] = [find]


def types() -> dict[str, EventType]:
    """All declared types by key: from code and from `TOCSIN["EVENT_TYPES"]`."""
    return _types | {key: _from_settings(key, given) for key, given in conf.get("EVENT_TYPES").items()}


def _from_settings(key: str, given: dict[str, Any]) -> EventType:
    return EventType(
        key,
        given.get("label", key),
        tuple(given.get("channels", ("message",))),
        parse_level(given.get("level", Level.INFO)),
        given.get("category", ""),
        bool(given.get("mandatory", False)),
        bool(given.get("critical_passes", False)),
        clean_limit(given.get("max_recipients")),
    )


def clean_limit(given: object) -> int | None:
    """Of recipients, None for no limit. Raises `InvalidInput`."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 0):
        raise invalid("max_recipients", "must be a whole number, 0 or more.", "Leave it out for no limit.")
    return given


def get_type(key: object, organization: int | None = None) -> EventType:
    """The type called `key`: of code and settings, else one that this organization declared.

    Raises `InvalidInput` naming the nearest known one. Another organization's is not known.
    """
    known = _types.get(key) if isinstance(key, str) else None  # the common case, without merging settings
    if known is not None:
        return known
    if not isinstance(key, str):
        raise invalid("type", "must be a string.", "Give the key of an event type, such as 'invoice:paid'.")
    declared = types()
    if key not in declared and organization is not None and KEY.match(key) and len(key) <= MAX_KEY:
        for further in _further:
            stored = further(key, afresh=True)
            if stored is not None and stored.organization == organization:
                return stored.type
    return declared[conf.check_slug("type", key, declared)]


def find(key: str) -> EventType:
    """The type of a stored event; a plain one where its declaration is gone."""
    known = _types.get(key) or types().get(key)
    if known is not None:
        return known
    stored = next(filter(None, (further(key) for further in _further)), None)
    return stored.type if stored is not None else EventType(key, key)


def get_check(name: str) -> Check:
    """The check called `name`. Raises `InvalidInput` naming the nearest known one."""
    return _checks[conf.check_slug("still_valid", name, _checks)]


event_type("message:internal", label=_("Message from a colleague"))
event_type("message:system", label=_("Message from the system"), channels=("message", "email"))
event_type("task:finished", label=_("Task finished"), channels=("email",))
event_type("tocsin:late", label=_("Messages are late"), channels=("email",), level=Level.ERROR)
event_type("alert:prometheus", label=_("Alert of Prometheus"), channels=("email",), level=Level.ERROR)
event_type("task:missed", label=_("Task did not run"), channels=("email",), level=Level.ERROR)
event_type(
    "destination:disabled",
    label=_("An address of yours does not work"),
    channels=("message", "email"),
    level=Level.WARNING,
    mandatory=True,
)
event_type("drill", label=_("Drill"), channels=("message",))
