"""The reading side of the inbox: what a person has, how much of it is unread, and what they do with it.

Every function takes the reader (a user, or a user's key) and touches that reader's rows only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import router, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from tocsin import clock
from tocsin.channels import registry
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.wording.choose import is_used
from tocsin.deliveries.wording.items import NEEDED
from tocsin.errors import NotFound, invalid
from tocsin.events.draft import clean_time
from tocsin.events.ids import number_of
from tocsin.inbox import wake
from tocsin.inbox.items import Item, Page, items_of
from tocsin.inbox.models import InboxItem, awake
from tocsin.inbox.newest import joined, newest_first, older_than
from tocsin.recipients.models import Person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

BELL = "message"
MAX_LIMIT = 200
CHUNK = 5_000
"""As many items are marked read in one transaction."""
COLUMNS = (
    "id", "channel", "created_at", "seen_at", "read_at", "dismissed_at", "event__id", "event__type", "event__level",
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
    rows = _of(user).filter(dismissed_at__isnull=not dismissed)
    if not dismissed:
        now = clock.now()
        rows = rows.filter(Q(snoozed_until__gt=now) if snoozed else awake(now))
    if channel:
        rows = rows.filter(channel=channel)
    if after:
        rows = older_than(rows, _number(after, "after"))
    if unread:
        rows = _newest_unread(rows, [channel] if channel else in_app_slugs(), limit + 1)
    found = list(newest_first(_loaded(rows))[: limit + 1])
    items = items_of(found[:limit])
    return Page(items, items[-1].id if len(found) > limit else "")


def get_item(user: Any, public_id: str) -> Item:
    """One item of the reader's. Raises `NotFound`."""
    found = list(_loaded(_of(user).filter(pk=_known(public_id))))
    if not found:
        raise NotFound(public_id)
    return items_of(found)[0]


def mark_seen(user: Any, ids: object) -> int:
    """These were on the reader's screen, which changes nothing that is shown. Returns how many were new to it.

    Raises `InvalidInput` for what is no list of 1 to `MAX_LIMIT` ids, and `NotFound` if one is not theirs.
    """
    if (
        not isinstance(ids, list)
        or not 0 < len(ids) <= MAX_LIMIT
        or not all(isinstance(one, str) for one in ids)
    ):
        raise invalid("ids", "is no list of ids.", f'Give 1 to {MAX_LIMIT} of them, as ["i42"].')
    return _these(user, ids).filter(seen_at__isnull=True).update(seen_at=clock.now())


def mark_read(user: Any, ids: Iterable[str]) -> int:
    """The reader has read these. Returns how many were unread. Raises `NotFound` if one is not theirs."""
    now = clock.now()
    unread = _these(user, ids).filter(read_at__isnull=True)
    return _change(user, unread, read_at=now, seen_at=Coalesce("seen_at", now))


def mark_told_read(delivery: int) -> int:
    """Who was told by this delivery, elsewhere, has read its event in the bell. Returns how many items were unread.

    Banners and alerts stay, each wants an answer of its own; and so does what was put off, which is to come back.
    """
    told = Delivery.objects.filter(pk=delivery, user__isnull=False).values_list("user", "event").first()
    if told is None:
        return 0
    now, (user, event) = clock.now(), told
    items = _of(user).filter(awake(now), event=event, channel=BELL, read_at__isnull=True)
    return _change(user, items, read_at=now, seen_at=Coalesce("seen_at", now))


def mark_all_read(user: Any, channel: str = BELL) -> int:
    """Everything in the bell is read; banners and alerts stay, each wants an answer of its own.

    Newest first, in chunks with a transaction each: nobody waits for a million rows to be written, and what arrives
    meanwhile stays unread. Returns how many were unread.
    """
    now = clock.now()
    unread = _of(user).filter(awake(now), channel=channel, read_at__isnull=True, dismissed_at__isnull=True)
    unread = newest_first(unread).values_list("pk", flat=True)
    changed, keys = 0, list(unread[:CHUNK])
    while keys:
        chunk = InboxItem.objects.filter(pk__among=keys, read_at__isnull=True)
        changed += _change(user, chunk, read_at=now, seen_at=Coalesce("seen_at", now))
        keys = list(older_than(unread, keys[-1])[:CHUNK])
    return changed


def dismiss(user: Any, ids: Iterable[str]) -> int:
    """The reader puts these away. Returns how many were not yet. Raises `NotFound` if one is not theirs."""
    now = clock.now()
    rows = _these(user, ids).filter(dismissed_at__isnull=True)
    both = {name: Coalesce(name, now) for name in ("read_at", "seen_at")}
    return _change(user, rows, dismissed_at=now, **both)


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
    return _change(user, rows, snoozed_until=moment, read_at=None)


def newest_ids(user: Any, limit: int = 50) -> list[str]:
    """Public ids of the reader's newest items that are not put away, newest first."""
    rows = _of(user).filter(awake(clock.now()), dismissed_at__isnull=True)
    return [f"i{pk}" for pk in newest_first(rows).values_list("pk", flat=True)[:limit]]


def _of(user: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = InboxItem.objects.filter(user=_key(user))
    return rows


def _loaded(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With their events: what is shown of them or, where there are templates, all that these may speak of."""
    if is_used():
        return rows.select_related("event", *NEEDED)
    return rows.select_related("event").only(*COLUMNS)


def _key(user: Any) -> Any:
    return getattr(user, "pk", user)


def in_app_slugs() -> list[str]:
    """The in-app channels, in a fixed order."""
    return sorted(channel.slug for channel in registry.in_app())


def _newest_unread(rows: QuerySet[Any], channels: list[str], count: int) -> QuerySet[Any]:
    """The newest so many of each channel: the index of the unread has them in order channel by channel."""
    unread = newest_first(rows.filter(read_at__isnull=True))
    timely = unread.filter(Q(event__expires_at__isnull=True) | Q(event__expires_at__gt=clock.now()))
    parts = ((unread if slug == BELL else timely).filter(channel=slug)[:count] for slug in channels)
    return joined(parts, InboxItem.objects.all())


def _these(user: Any, ids: Iterable[str]) -> QuerySet[Any]:
    wanted = {_known(public_id) for public_id in ids}
    rows = _of(user).filter(pk__in=wanted)
    if rows.count() != len(wanted):
        raise NotFound("inbox item")
    return rows


def _change(user: Any, rows: QuerySet[Any], **columns: Any) -> int:
    """Write what the reader did, and count it: counts of unread items alone do not tell that a read one has gone."""
    alias = router.db_for_write(InboxItem)
    with transaction.atomic(using=alias):
        changed = rows.update(**columns)
        if changed:
            _count(_key(user))
            transaction.on_commit(wake.changed, using=alias, robust=True)
    return changed


def _count(key: Any) -> None:
    mine = Person.objects.filter(user=key)
    if not mine.update(inbox_changes=F("inbox_changes") + 1):
        Person.objects.bulk_create([Person(user_id=key)], ignore_conflicts=True)  # another tab may be first
        mine.update(inbox_changes=F("inbox_changes") + 1)


def _known(public_id: str) -> int:
    """The row behind a public id. What cannot be one is missing, like any other that is not there."""
    try:
        return _number(public_id, "id")
    except ValueError as error:
        raise NotFound(public_id) from error


def _number(public_id: str, field: str) -> int:
    number = number_of(public_id.removeprefix("i")) if public_id.startswith("i") else None
    if number is None:
        raise invalid(
            field, f"{public_id!r} is no inbox item.", "Give an id as the list shows it, such as 'i42'."
        )
    return number
