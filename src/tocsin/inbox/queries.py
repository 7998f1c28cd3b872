"""The reading side of the inbox: what a person has, how much of it is unread, and what they do with it.

Every function takes the reader (a user, or a user's key) and touches that reader's rows only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from tocsin import clock
from tocsin.errors import NotFound, invalid
from tocsin.events.draft import clean_time
from tocsin.inbox import wake
from tocsin.inbox.items import Item, Page, made_of
from tocsin.inbox.models import InboxItem, awake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

BELL = "message"
MAX_LIMIT = 200
COLUMNS = (
    "id", "channel", "created_at", "read_at", "dismissed_at", "event__id", "event__type", "event__level",
    "snoozed_until", "event__title", "event__body", "event__url", "event__actions", "event__actor",
    "event__expires_at",
)  # fmt: skip


def list_items(
    user: Any,
    *,
    channel: str = "",
    unread: bool = False,
    dismissed: bool = False,
    snoozed: bool = False,
    after: str = "",
    limit: int = 50,
) -> Page:
    """The reader's items, newest first; `after` is the `next` of the page before.

    Without `channel`: of all in-app channels. `unread`: only what waits for the reader; banners and alerts
    whose time is over do not. `dismissed`: only what the reader put away, which is left out otherwise; `snoozed`:
    only what the reader put off, until it comes back.
    Raises `InvalidInput` for a malformed `after`.
    """
    limit = min(max(limit, 1), MAX_LIMIT)
    is_awake = awake(clock.now())
    rows = _of(user).filter(~is_awake if snoozed else is_awake, dismissed_at__isnull=not dismissed)
    if channel:
        rows = rows.filter(channel=channel)
    if unread:
        rows = rows.filter(Q(channel=BELL) | _timely(), read_at__isnull=True)
    if after:
        rows = rows.filter(pk__lt=_number(after, "after"))
    found = list(rows.select_related("event").only(*COLUMNS).order_by("-pk")[: limit + 1])
    items = [made_of(row) for row in found[:limit]]
    return Page(items, items[-1].id if len(found) > limit else "")


def get_item(user: Any, public_id: str) -> Item:
    """One item of the reader's. Raises `NotFound`."""
    row = _of(user).filter(pk=_known(public_id)).select_related("event").only(*COLUMNS).first()
    if row is None:
        raise NotFound(public_id)
    return made_of(row)


def mark_read(user: Any, ids: Iterable[str]) -> int:
    """The reader has read these. Returns how many were unread. Raises `NotFound` if one is not theirs."""
    now = clock.now()
    return _change(
        _these(user, ids).filter(read_at__isnull=True), read_at=now, seen_at=Coalesce("seen_at", now)
    )


def mark_all_read(user: Any, channel: str = BELL) -> int:
    """Everything in the bell is read; banners and alerts stay, each wants an answer of its own."""
    now = clock.now()
    unread = _of(user).filter(awake(now), channel=channel, read_at__isnull=True, dismissed_at__isnull=True)
    return _change(unread, read_at=now, seen_at=Coalesce("seen_at", now))


def dismiss(user: Any, ids: Iterable[str]) -> int:
    """The reader puts these away. Returns how many were not yet. Raises `NotFound` if one is not theirs."""
    now = clock.now()
    rows = _these(user, ids).filter(dismissed_at__isnull=True)
    return _change(rows, dismissed_at=now, read_at=Coalesce("read_at", now), seen_at=Coalesce("seen_at", now))


def snooze(user: Any, ids: Iterable[str], until: object) -> int:
    """Put these off: they leave the inbox and come back unread at `until`, an aware time or RFC 3339 text.

    Returns how many that changed. Raises `NotFound` if one is not theirs, `InvalidInput` for a time that is past.
    """
    moment = clean_time("until", until)
    if moment is None or moment <= clock.now():
        raise invalid(
            "until", "is past." if moment else "is missing.", "Give a time when it is to come back."
        )
    rows = _these(user, ids).filter(dismissed_at__isnull=True)
    return _change(rows, snoozed_until=moment, read_at=None)


def newest_ids(user: Any, limit: int = 50) -> list[str]:
    """Public ids of the reader's newest items that are not put away, newest first."""
    rows = _of(user).filter(awake(clock.now()), dismissed_at__isnull=True)
    rows = rows.order_by("-pk").values_list("pk", flat=True)
    return [f"i{pk}" for pk in rows[:limit]]


def _of(user: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = InboxItem.objects.filter(user=getattr(user, "pk", user))
    return rows


def _timely() -> Q:
    return Q(event__expires_at__isnull=True) | Q(event__expires_at__gt=clock.now())


def _these(user: Any, ids: Iterable[str]) -> QuerySet[Any]:
    wanted = {_known(public_id) for public_id in ids}
    rows = _of(user).filter(pk__in=wanted)
    if rows.count() != len(wanted):
        raise NotFound("inbox item")
    return rows


def _change(rows: QuerySet[Any], **columns: Any) -> int:
    changed = rows.update(**columns)
    if changed:
        transaction.on_commit(wake.changed, robust=True)
    return changed


def _known(public_id: str) -> int:
    """The row behind a public id. What cannot be one is missing, like any other that is not there."""
    try:
        return _number(public_id, "id")
    except ValueError as error:
        raise NotFound(public_id) from error


def _number(public_id: str, field: str) -> int:
    digits = public_id.removeprefix("i")
    if digits == public_id or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise invalid(
            field, f"{public_id!r} is no inbox item.", "Give an id as the list shows it, such as 'i42'."
        )
    return int(digits)
