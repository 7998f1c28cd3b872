"""The one reader of the ledger: deliveries and inbox items told in one form, each pair of them once."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext as _

from tocsin.deliveries.finding import Found, WantedLines
from tocsin.deliveries.models import Attempt, Delivery
from tocsin.deliveries.states import Reason, State
from tocsin.deliveries.wording.models import TemplateVersion
from tocsin.errors import NotFound, invalid
from tocsin.events.ids import number_of
from tocsin.events.models import Event
from tocsin.recipients import users
from tocsin.vocabulary import label_of

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from tocsin.tenants.scope import Scope

MAX_LIMIT = 200
MOST_DRAWN = 300
"""Deliveries of an event whose attempts are drawn."""


@dataclass(slots=True)
class Line:
    """One line of the ledger: a delivery ("d12") or an inbox item that planning made ("i3")."""

    id: str
    event_id: uuid.UUID
    channel: str
    user_id: Any
    label: str
    address: str
    """What may be shown of the address: never a secret, empty for people reached in-app."""
    state: str
    reason: str
    layer: str
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempt: int = 0
    read_at: datetime | None = None
    identity: str = ""
    merged_into: str = ""
    """The line it is told with; empty where it leads itself, or goes alone."""
    template_version: int | None = None
    """The key of the version of a template that worded it."""
    worded_by: tuple[int, int] | None = None
    """That template, and the version's number in it; None where neither is kept any more."""
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """State and reason in words."""
        if self.id[0] == "i":
            return _("It is in their inbox.") if self.read_at is None else _("They have read it.")
        words = [str(label_of(State, self.state))]
        if self.reason:
            words.append(str(label_of(Reason, self.reason)))
        if self.merged_into:
            words.append(_("See %(lead)s.") % {"lead": self.merged_into})
        if self.worded_by is not None:
            template, number = self.worded_by
            words.append(
                _("Worded by template %(id)s, version %(number)s.") % {"id": template, "number": number}
            )
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the cursor of those that follow ('' at the end)."""

    items: list[Line]
    next: str
    broke_off: bool = False
    """Nothing more was found in as much as one question looks at; there may be more further back."""


def lines(
    scope: Scope,
    *,
    event: Any = None,
    user: Any = None,
    state: str = "",
    channel: str = "",
    after: str = "",
    limit: int = 50,
) -> Page:
    """The ledger newest first: deliveries, then the inbox items that have none.

    `after` is the cursor of an earlier page. Raises `InvalidInput` for a cursor or limit that is none.
    """
    wanted = WantedLines(event=event, user=user, state=state, channel=channel)
    return search(scope, wanted, after=after, limit=limit, patient=True)


def search(
    scope: Scope, wanted: WantedLines, *, after: str = "", limit: int = 50, patient: bool = False
) -> Page:
    """What is wanted of the ledger, newest first. Unless `patient`, a page may break off before it is full.

    Raises `InvalidInput` for a cursor or limit that is none.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid("limit", f"must be from 1 to {MAX_LIMIT}.")
    tables = wanted.tables
    table, before = _parse_cursor(after)
    found: list[Line] = []
    for kind in tables[max(0, tables.find(table or tables[0])) :]:
        rows = wanted.within(Delivery.objects.all() if kind == "d" else _items().all(), scope)
        read = _of_delivery if kind == "d" else _of_item
        room = limit + 1 - len(found)
        if patient or wanted.is_indexed(kind):
            part = Found(list(_page(rows, before, room)))
        else:
            part = wanted.walk(rows, before, room)
        found += map(read, part.rows)
        if part.broke_off:
            return _finished(found, _cursor(f"{kind}{part.next}"), broke_off=True)
        if len(found) > limit:
            return _finished(found[:limit], _cursor(found[limit - 1].id))
        before = None
    return _finished(found, "")


def _finished(shown: list[Line], following: str, *, broke_off: bool = False) -> Page:
    _add_attempts(shown)
    _add_names(shown)
    _add_wordings(shown)
    return Page(shown, following, broke_off)


def line(public_id: str, scope: Scope) -> Line:
    """One line by its public id. Raises `NotFound`."""
    kind, digits = public_id[:1], public_id[1:]
    row = None
    number = number_of(digits)
    if kind in ("d", "i") and number is not None:
        rows = Delivery.objects if kind == "d" else _items()
        row = rows.within(scope).filter(pk=number).first()
    if row is None:
        raise NotFound(f"There is no delivery {public_id[:40]!r}.")
    found = _of_delivery(row) if kind == "d" else _of_item(row)
    _add_attempts([found])
    _add_names([found])
    _add_wordings([found])
    return found


def counts(event: Event) -> dict[tuple[str, str, str], int]:
    """How many lines of an event there are by (channel, state, reason)."""
    found: Counter[tuple[str, str, str]] = Counter()
    rows = Delivery.objects.filter(event=event.pk).order_by().values("channel", "state", "reason")
    for row in rows.annotate(number=Count("pk")):
        found[row["channel"], row["state"], row["reason"]] += row["number"]
    items = _items().filter(event=event.pk, delivery__isnull=True).order_by().values("channel")
    for row in items.annotate(number=Count("pk")):
        found[row["channel"], State.SENT.value, ""] += row["number"]
    return dict(found)


def counts_of(events: Sequence[uuid.UUID], most: int) -> dict[uuid.UUID, Counter[str]]:
    """How many lines of each of these events there are by state; those with more than `most` are left out."""
    beyond = slice(most, most + 1)
    lines_of, items_of = Delivery.objects.filter(event=OuterRef("pk")), _items().filter(event=OuterRef("pk"))
    few = Event.objects.filter(~Exists(lines_of[beyond]), ~Exists(items_of[beyond]), pk__in=events)
    found: dict[uuid.UUID, Counter[str]] = {pk: Counter() for pk in few.values_list("pk", flat=True)}
    rows = Delivery.objects.filter(event__in=list(found)).order_by().values_list("event", "state")
    for event, state, number in rows.annotate(number=Count("pk")):
        found[event][state] += number
    items = _items().filter(event__in=list(found), delivery__isnull=True).order_by().values_list("event")
    for event, number in items.annotate(number=Count("pk")):
        found[event][State.SENT.value] += number
    return found


def has_more(event: Event, number: int) -> bool:
    """Whether an event has more lines than that in one of the two tables."""
    rows = (Delivery.objects.filter(event=event.pk), _items().filter(event=event.pk))
    return any(bool(table.order_by()[number : number + 1].exists()) for table in rows)


class Passage(NamedTuple):
    """How one event went out by one channel."""

    first: datetime | None
    """When the first of it came to an end."""
    last: datetime | None
    tries: list[tuple[datetime, str]]
    """When each attempt ended, and how."""


def passages(event: Event) -> dict[str, Passage]:
    """How an event went out, by channel: of its first MOST_DRAWN deliveries that were tried."""
    tried = Delivery.objects.filter(event=event.pk).exclude(state=State.SKIPPED)
    keys = list(tried.order_by("pk").values_list("pk", flat=True)[:MOST_DRAWN])
    attempts = Attempt.objects.filter(delivery__among=keys).order_by("pk")
    found: dict[str, Passage] = {}
    for channel, at, outcome in attempts.values_list("delivery__channel", "finished_at", "outcome"):
        before = found.get(channel, Passage(at, at, []))
        found[channel] = Passage(before.first, at, [*before.tries, (at, outcome)])
    return found


def _items() -> Any:
    """The inbox room lies above this one, so its table is asked for by name."""
    return apps.get_model("tocsin", "InboxItem").objects


def _page(rows: QuerySet[Any], before: int | None, limit: int) -> QuerySet[Any]:
    rows = rows.order_by("-pk") if before is None else rows.filter(pk__lt=before).order_by("-pk")
    return rows[:limit]


def _cursor(public_id: str) -> str:
    return base64.urlsafe_b64encode(public_id.encode()).decode().rstrip("=")


def _parse_cursor(after: str) -> tuple[str, int | None]:
    if not after:
        return "", None
    try:
        public_id = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode("ascii")
        if public_id[0] in "di":
            return public_id[0], int(public_id[1:])
    except (binascii.Error, ValueError, IndexError):
        pass
    raise invalid("after", "is no cursor.", "Give the `next` of an earlier answer.")


def _of_delivery(row: Delivery) -> Line:
    to_person = row.identity.startswith("user:")
    return Line(
        id=f"d{row.pk}", event_id=row.event_id, channel=row.channel, user_id=row.user_id, label=row.label,
        address="" if to_person or row.identity.startswith("sha256:") else row.identity,
        state=row.state, reason=row.reason, layer=row.layer, due_at=row.due_at, created_at=row.created_at,
        finished_at=row.finished_at, attempt=row.attempt, identity=row.identity,
        merged_into=f"d{row.merged_into}" if row.merged_into not in (None, row.pk) else "",
        template_version=row.template_version,
    )  # fmt: skip


def _of_item(row: Any) -> Line:
    return Line(
        id=f"i{row.pk}", event_id=row.event_id, channel=row.channel, user_id=row.user_id, label="", address="",
        state=State.SENT.value, reason="", layer=row.layer, due_at=row.created_at, created_at=row.created_at,
        finished_at=row.created_at, read_at=row.read_at,
    )  # fmt: skip


def _add_attempts(found: Iterable[Line]) -> None:
    by_id = {int(one.id[1:]): one for one in found if one.id[0] == "d"}
    for attempt in Attempt.objects.filter(delivery__in=list(by_id)).order_by("pk"):
        by_id[attempt.delivery_id].attempts.append(attempt)


def _add_wordings(found: Iterable[Line]) -> None:
    worded = [one for one in found if one.template_version is not None]
    if not worded:
        return
    kept = TemplateVersion.objects.filter(pk__in={one.template_version for one in worded})
    by_key = {pk: (template, number) for pk, template, number in kept.values_list("pk", "template", "number")}
    for one in worded:
        one.worded_by = by_key.get(one.template_version)


def _add_names(found: Iterable[Line]) -> None:
    """Inbox items carry no label: the name is the user's of today."""
    nameless = [one for one in found if not one.label and one.user_id is not None]
    names = users.recipients({one.user_id for one in nameless}) if nameless else {}
    for one in nameless:
        if one.user_id in names:
            one.label = names[one.user_id].name
