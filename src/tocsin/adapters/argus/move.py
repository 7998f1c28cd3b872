"""What a database of Argus holds as destinations and rules of ours, with a report of what could not be carried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.errors import InvalidInput
from tocsin.events.states import Status
from tocsin.recipients import destinations
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.models import Rule
from tocsin.rules.spec import Place
from tocsin.schedule.windows import DAYS
from tocsin.tenants.readers import may_read_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tocsin.adapters.argus.database import Address, Holdings, Profile, Recurrence

BY = "moved from Argus"
LEVELS = {1: "critical", 2: "error", 3: "warning"}
"""The least level of ours that "at most this" means; any other is info."""
STATUSES = {
    "STA": Status.OPEN,
    "REO": Status.OPEN,
    "ACK": Status.ACKNOWLEDGED,
    "END": Status.RESOLVED,
    "CLO": Status.RESOLVED,
}
LISTS = {"sourceSystemIds": "data.source_id", "source_types": "data.source_type"}
ACCOUNT = "account"
"""In place of a destination's key: the address of the account, which has no row."""
MOVED, KEPT, LEFT, NOTE = "moved", "kept", "left out", "note"


class Line(NamedTuple):
    """What became of one thing."""

    kind: str
    """destination or rule."""
    name: str
    outcome: str
    """moved; kept, where it was there already; left out; note, about something that was moved."""
    detail: str


def move(
    holdings: Holdings, organization: int, event_types: Sequence[str], *, dry_run: bool = False
) -> list[Line]:
    """Make destinations and rules of everything, in one transaction. What is there already stays as it is."""
    with transaction.atomic():
        mover = _Mover(organization, list(event_types))
        for address in holdings.addresses:
            mover.address(address)
        for profile in holdings.profiles:
            mover.profile(profile)
        if dry_run:
            transaction.set_rollback(True)
    return mover.lines


class _Mover:
    """What has been moved so far."""

    def __init__(self, organization: int, event_types: list[str]) -> None:
        self.organization = organization
        self.event_types = event_types
        self.lines: list[Line] = []
        self._made: dict[int, Any] = {}
        model = get_user_model()
        self._users = {getattr(user, model.USERNAME_FIELD): user for user in model._default_manager.all()}

    def address(self, given: Address) -> None:
        """A destination of the user of the same name."""
        name = f"{given.user}: {given.label or given.media}"
        user = self._users.get(given.user)
        if user is None:
            self._note(
                "destination", name, LEFT, f"There is no user {given.user!r}. Make one of that name first."
            )
            return
        if given.media == "email" and (given.managed or given.settings.get("email_address") == given.email):
            self._made[given.pk] = ACCOUNT
            self._note("destination", name, KEPT, "It is the account's address, which needs no set-up.")
            return
        settings = {key: value for key, value in given.settings.items() if key != "synced"}
        try:
            with transaction.atomic():
                self._made[given.pk], outcome = _destination(user, given.media, settings, given.label)
        except InvalidInput as error:
            self._note("destination", name, LEFT, str(error))
        else:
            self._note("destination", name, outcome, "")

    def profile(self, given: Profile) -> None:
        """A rule of the user's own, or two: the address of the account has no number that a rule could name."""
        name = given.name or f"Argus {given.pk}"
        user = self._users.get(given.user)
        shown = f"{given.user}: {name}"
        if user is None:
            self._note("rule", shown, LEFT, f"There is no user {given.user!r}.")
            return
        aims = [self._made[pk] for pk in given.addresses if pk in self._made]
        if missing := len(given.addresses) - len(aims):
            self._note("rule", shown, NOTE, f"{missing} of its destinations could not be moved.")
        if not aims:
            self._note("rule", shown, LEFT, "It has no destination that could be moved.")
            return
        body = {"name": name, "event_types": self.event_types, **self._content(given, shown)}
        numbers = [str(aim.pk) for aim in aims if aim is not ACCOUNT]
        if numbers:
            self._rule({**body, "destinations": numbers}, user, shown)
        if ACCOUNT in aims:
            also = f"{name} (account)" if numbers else name
            self._rule({**body, "name": also, "channels": ["email"]}, user, f"{given.user}: {also}")

    def _content(self, given: Profile, shown: str) -> dict[str, Any]:
        level, leaves = "info", []
        for name, filter_ in given.filters:
            own, more = _conditions(filter_)
            leaves += more
            level = min(level, own, key=_gravest_first)
            for lost in _lost(filter_):
                self._note("rule", shown, NOTE, f"The filter {name!r} asks for {lost}, which no rule knows.")
        if not given.filters or not all(_says_something(one) for _, one in given.filters):
            told = "A filter of it says nothing" if given.filters else "It has no filter"
            self._note("rule", shown, NOTE, f"{told}, so it never told anything: it is switched off.")
            return {"active": False}
        hours = _hours(given.hours)
        if hours == {}:
            self._note("rule", shown, NOTE, "Its timeslot never opens: it is switched off.")
        return {
            "level": level,
            "condition": {"all": leaves} if leaves else None,
            "hours": hours or None,
            "active": given.active and hours != {},
        }

    def _rule(self, body: dict[str, Any], user: Any, shown: str) -> None:
        there = Rule.objects.filter(
            organization=self.organization, user=user, name=body["name"], deleted_at=None
        )
        if there.exists():
            self._note("rule", shown, KEPT, "A rule of this name is there.")
            return
        try:
            with transaction.atomic():
                save.save(body, Place(self.organization, user.pk), BY)
        except InvalidInput as error:
            self._note("rule", shown, LEFT, str(error))
            return
        self._note("rule", shown, MOVED, "" if body["active"] else "It is switched off.")
        if (self.organization, user.pk) not in may_read_events({(self.organization, user.pk)}):
            told = "It tells nothing until its owner may read events: give them the role manager."
            self._note("rule", shown, NOTE, told)

    def _note(self, kind: str, name: str, outcome: str, detail: str) -> None:
        self.lines.append(Line(kind, name, outcome, detail))


def _destination(user: Any, slug: str, settings: dict[str, Any], label: str) -> tuple[Destination, str]:
    """The user's destination with these settings, and whether it was made now."""
    identity = clean_settings(registry.get(slug).form, settings, by_operator=True).identity
    there = Destination.objects.filter(user=user, channel=slug, identity=identity, managed=False).first()
    return (
        (there, KEPT) if there else (destinations.add_destination(user, slug, settings, label=label), MOVED)
    )


def _conditions(given: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The least level, and the leaves of a condition, that say what a filter says."""
    leaves = [
        {"field": path, "op": "in", "value": list(given[name])}
        for name, path in LISTS.items()
        if given.get(name)
    ]
    leaves += [{"field": "data.tags", "op": "contains", "value": tag} for tag in given.get("tags") or ()]
    if isinstance(given.get("open"), bool):
        leaves.append({"field": "status", "op": "is_not" if given["open"] else "is", "value": "resolved"})
    if isinstance(given.get("acked"), bool):
        leaves.append(
            {"field": "status", "op": "is" if given["acked"] else "is_not", "value": "acknowledged"}
        )
    if isinstance(given.get("stateful"), bool):
        leaves.append({"field": "group_key", "op": "is_not" if given["stateful"] else "is", "value": ""})
    kinds = set(given.get("event_types") or ())
    if kinds and kinds <= set(STATUSES):
        asked = sorted({STATUSES[kind].value for kind in kinds})
        leaves.append({"field": "status", "op": "in", "value": asked})
    return LEVELS.get(given.get("maxlevel") or 5, "info"), leaves


def _lost(given: Mapping[str, Any]) -> Iterator[str]:
    if other := sorted(set(given.get("event_types") or ()) - set(STATUSES)):
        yield f"events of the kinds {', '.join(map(str, other))}"


def _says_something(given: Mapping[str, Any]) -> bool:
    lists = ("sourceSystemIds", "source_types", "tags", "event_types", "maxlevel")
    return any(given.get(name) for name in lists) or any(
        isinstance(given.get(name), bool) for name in ("open", "acked", "stateful")
    )


def _gravest_first(level: str) -> int:
    return ["critical", "error", "warning", "info"].index(level)


def _hours(recurrences: Sequence[Recurrence]) -> dict[str, Any] | None:
    """Our hours; None for always, {} for never."""
    spans = [
        {
            "days": [DAYS[day - 1] for day in one.days],
            "from": _minute(one.start, up=False),
            "to": _minute(one.end, up=True),
        }
        for one in recurrences
        if one.days and one.start < one.end
    ]
    if any(len(span["days"]) == 7 and (span["from"], span["to"]) == ("00:00", "24:00") for span in spans):
        return None
    return {"open": spans} if spans else {}


def _minute(at: Any, *, up: bool) -> str:
    """A time to the minute. The last second of a minute still counts there, so it is the next minute here."""
    minutes = at.hour * 60 + at.minute + (1 if up and at.second >= 59 else 0)
    if up and minutes >= 24 * 60 - 1:
        return "24:00"
    return f"{minutes // 60:02}:{minutes % 60:02}"
