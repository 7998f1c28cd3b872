"""What people want to hear of, by which channel: their own word, else their organization's, else the type's."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from tocsin.channels import registry
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events import types
from tocsin.events.declared import types_of
from tocsin.recipients.models import Preference
from tocsin.tenants.audit import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.events.types import EventType

CATEGORY = "category:"
OWN, ORGANIZATION, DEFAULT, MANDATORY = "own", "organization", "default", "mandatory"
"""The layers that may decide."""
MOST_CHANGES = 500


class Wish(NamedTuple):
    """Whether somebody is told of a type by a channel, and which layer says so."""

    wanted: bool
    layer: str
    key: str = ""
    """What that layer names: the type, or "category:billing"."""


def keys_of(event_type: str) -> tuple[str, ...]:
    """What preferences may name to mean a type, the more specific first."""
    category = types.find(event_type).category
    return (event_type, f"{CATEGORY}{category}") if category else (event_type,)


def decide(own: Mapping[str, bool], organization: Mapping[str, bool], event_type: str) -> Wish:
    """What holds for a type, of what a person and their organization said on one channel. Pure."""
    if types.find(event_type).mandatory:
        return Wish(True, MANDATORY)
    keys = keys_of(event_type)
    for layer, said in ((OWN, own), (ORGANIZATION, organization)):
        for key in keys:
            if key in said:
                return Wish(said[key], layer, key)
    return Wish(True, DEFAULT)


def said_by_organizations(organizations: Iterable[int], channel: str) -> dict[int, dict[str, bool]]:
    """What organizations said on a channel; those that said nothing are left out."""
    rows = Preference.objects.filter(organization__in=set(organizations), channel=channel)
    found: dict[int, dict[str, bool]] = defaultdict(dict)
    for organization, key, wanted in rows.values_list("organization", "event_type", "wanted"):
        found[organization][key] = wanted
    return found


def said_by_people(users: Iterable[Any], channel: str, keys: Iterable[str]) -> dict[Any, dict[str, bool]]:
    """What people said of these types and categories on a channel."""
    rows = Preference.objects.filter(user__among=list(users), channel=channel, event_type__in=set(keys))
    found: dict[Any, dict[str, bool]] = defaultdict(dict)
    for user, key, wanted in rows.values_list("user", "event_type", "wanted"):
        found[user][key] = wanted
    return found


class Refusals(NamedTuple):
    """Who switched a type, or its category, off on a channel."""

    by_anybody: bool
    organizations: frozenset[int] = frozenset()
    """Those that did so for whoever of theirs did not say otherwise."""

    def by(self, organization: int) -> bool | None:
        """Whether an organization did; None where nobody at all did, and no person has to be asked."""
        return organization in self.organizations if self.by_anybody else None


def refusals(event_type: str, channel: str, organizations: Iterable[int]) -> Refusals:
    """Which of these organizations, and whether anybody, refuses a type; one that is mandatory cannot be refused."""
    refused = Preference.objects.filter(event_type__in=keys_of(event_type), channel=channel, wanted=False)
    if types.find(event_type).mandatory or not refused.exists():
        return Refusals(by_anybody=False)
    said = said_by_organizations(organizations, channel)
    return Refusals(True, frozenset(pk for pk in said if not decide({}, said[pk], event_type).wanted))


def refused_by_user(event_type: str, channel: str) -> Q:
    """SQL for `decide`: whether this user says no."""
    return _says(event_type, channel, wanted=False)


def wanted_by_user(event_type: str, channel: str) -> Q:
    """SQL for `decide`: whether this user says yes."""
    return _says(event_type, channel, wanted=True)


def _says(event_type: str, channel: str, *, wanted: bool) -> Q:
    theirs = Preference.objects.filter(user=OuterRef("pk"), channel=channel)
    exact, *wider = (theirs.filter(event_type=key) for key in keys_of(event_type))
    said = Q(Exists(exact.filter(wanted=wanted)))
    for rows in wider:
        said |= Q(Exists(rows.filter(wanted=wanted))) & ~Q(Exists(exact))
    return said


class Cell(NamedTuple):
    """One square of the table that a person fills in."""

    subject: str
    channel: str
    own: bool | None
    """What they said of exactly this; None for nothing."""
    below: Wish
    """What holds where they say nothing."""


def cells(user: Any, organization: int, channels: Iterable[str]) -> dict[tuple[str, str], Cell]:
    """The squares of a person's table: every type and category, by each of these channels."""
    known = types_of([organization])
    keys = {key for name in known for key in keys_of(name)}
    found = {}
    for slug in channels:
        own = said_by_people([user], slug, keys).get(user, {})
        theirs = said_by_organizations([organization], slug).get(organization, {})
        for name in known:
            without = {key: wanted for key, wanted in own.items() if key != name}
            found[name, slug] = Cell(name, slug, own.get(name), decide(without, theirs, name))
        for key in keys - known.keys():
            said = theirs.get(key)
            below = Wish(True, DEFAULT) if said is None else Wish(said, ORGANIZATION, key)
            found[key, slug] = Cell(key, slug, own.get(key), below)
    return found


def matrix(user: Any, organization: int) -> list[dict[str, Any]]:
    """Every type with what holds for a person on each channel, and which layer says so."""
    known = types_of([organization])
    keys = {key for name in known for key in keys_of(name)}
    channels = list(registry.channels())
    own = {slug: said_by_people([user], slug, keys).get(user, {}) for slug in channels}
    theirs = {slug: said_by_organizations([organization], slug).get(organization, {}) for slug in channels}
    return [
        {
            "type": name,
            "label": str(kind.label),
            "category": kind.category,
            "mandatory": kind.mandatory,
            "default_channels": list(kind.channels),
            "channels": {slug: decide(own[slug], theirs[slug], name)._asdict() for slug in channels},
        }
        for name, kind in sorted(known.items())
    ]


class Change(NamedTuple):
    """A wish that is to be kept, or with None forgotten, so that the layer below decides."""

    key: str
    channel: str
    wanted: bool | None


def parse_changes(given: object, field: str = "changes", *, organization: int | None = None) -> list[Change]:
    """Changes of `[{"subject": "invoice:paid", "channel": "email", "wanted": false}]`. Raises `InvalidInput`.

    The types that an organization declared are known where it is named.
    """
    if not isinstance(given, list) or len(given) > MOST_CHANGES:
        raise invalid(
            field, f"must be a list of at most {MOST_CHANGES}.", "Send subject, channel and wanted of each."
        )
    known = types_of(() if organization is None else (organization,))
    changes: list[Change] = []
    errors: list[FieldError] = []
    for index, one in enumerate(given):
        try:
            changes.append(_change(one, f"{field}.{index}", known))
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(*errors)
    return changes


def _change(given: object, where: str, known: Mapping[str, EventType]) -> Change:
    if not isinstance(given, dict) or given.keys() != {"subject", "channel", "wanted"}:
        raise invalid(where, "must have subject, channel and wanted.", "Send wanted as true, false or null.")
    subject, channel, wanted = given["subject"], given["channel"], given["wanted"]
    if wanted is not None and not isinstance(wanted, bool):
        raise invalid(f"{where}.wanted", "must be true, false or null.", "null lets the layer below decide.")
    if channel not in registry.channels():
        raise invalid(
            f"{where}.channel",
            f"{str(channel)[:50]!r} is not known.",
            nearest(str(channel), registry.channels()),
        )
    subjects = [*known, *sorted({f"{CATEGORY}{kind.category}" for kind in known.values() if kind.category})]
    if subject not in subjects:
        raise invalid(
            f"{where}.subject", f"{str(subject)[:100]!r} is not known.", nearest(str(subject), subjects)
        )
    if wanted is False and subject in known and known[subject].mandatory:
        raise invalid(
            f"{where}.wanted", f"{subject} cannot be switched off.", "It is mandatory. Leave it out."
        )
    return Change(subject, channel, wanted)


@transaction.atomic
def save(changes: Iterable[Change], by: str, *, user: Any = None, organization: int | None = None) -> None:
    """Keep the wishes of a person, or of an organization for those of its people who said nothing."""
    owner = {"user_id": user} if organization is None else {"organization_id": organization}
    for change in changes:
        subject = {**owner, "event_type": change.key, "channel": change.channel}
        if change.wanted is None:
            Preference.objects.filter(**subject).delete()
        else:
            Preference.objects.update_or_create(**subject, defaults={"wanted": change.wanted})
        if organization is not None:
            after = {} if change.wanted is None else {"wanted": change.wanted}
            note(
                organization,
                by,
                "preference",
                f"{change.key} by {change.channel}"[:100],
                before={},
                after=after,
            )
