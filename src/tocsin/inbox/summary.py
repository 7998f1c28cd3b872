"""How much of an inbox is unread, for the bell, the count endpoint and the stream: by index, up to a cap."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from tocsin import clock
from tocsin.inbox.models import InboxItem, awake
from tocsin.inbox.newest import newest_first
from tocsin.inbox.queries import BELL, in_app_slugs
from tocsin.recipients import users
from tocsin.recipients.models import Person

if TYPE_CHECKING:
    from collections.abc import Iterable

CAP = 100
"""Counting stops here; the bell shows 99+."""
USERS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """What the bell needs to know. Two equal summaries mean that nothing a reader is shown has changed."""

    unread: int
    """Unread items of the bell, at most `CAP`."""
    channels: tuple[tuple[str, int], ...]
    """Unread items of each in-app channel, at most `CAP` each."""
    latest: int
    """The newest item that is not put away; 0 for none."""
    changes: int = 0
    """How often the reader has changed something."""

    @property
    def text(self) -> str:
        """The number to show: "" for none, "99+" for many."""
        return "" if not self.unread else f"{CAP - 1}+" if self.unread >= CAP else str(self.unread)

    @property
    def tag(self) -> str:
        """A short name of this state, for ETag and for resuming a stream."""
        return f"{self.latest}-{blake2s(repr((self.channels, self.changes)).encode(), digest_size=6).hexdigest()}"

    def as_json(self) -> dict[str, Any]:
        """The summary as `GET /inbox/count` answers it."""
        latest = f"i{self.latest}" if self.latest else None
        return {"unread": self.unread, "text": self.text, "channels": dict(self.channels), "latest": latest}


class CountOf(Subquery):
    """SQL: how many rows a subquery has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def summary(user: Any) -> Summary:
    """How much of one reader's inbox is unread."""
    key = getattr(user, "pk", user)
    return summaries([key]).get(key, Summary(0, tuple((slug, 0) for slug in in_app_slugs()), 0))


def unread_count(user: Any) -> int:
    """Unread items in the reader's bell, at most `CAP`."""
    return summary(user).unread


def summaries(keys: Iterable[Any]) -> dict[Any, Summary]:
    """The summaries of many readers, one statement for each 200 of them."""
    keys = list(keys)
    found: dict[Any, Summary] = {}
    for start in range(0, len(keys), USERS_AT_ONCE):
        found |= _summaries(keys[start : start + USERS_AT_ONCE])
    return found


def _summaries(keys: list[Any]) -> dict[Any, Summary]:
    slugs = in_app_slugs()
    own = newest_first(InboxItem.objects.filter(user=OuterRef("pk"), dismissed_at__isnull=True))
    unread = own.filter(awake(clock.now()), read_at__isnull=True)
    columns = {
        f"n{i}": CountOf(unread.filter(channel=slug).values("pk")[:CAP]) for i, slug in enumerate(slugs)
    }
    latest = own.values("pk")[:1]
    changes = Person.objects.filter(user=OuterRef("pk")).values("inbox_changes")
    rows = (
        users.users()
        .filter(pk__in=keys)
        .annotate(**columns, tocsin_latest=Coalesce(Subquery(latest), 0))
        .annotate(tocsin_changes=Coalesce(Subquery(changes), 0))
        .values_list("pk", "tocsin_latest", "tocsin_changes", *columns)
    )
    made = {}
    for pk, newest, changed, *counts in rows:
        channels = tuple(zip(slugs, counts, strict=True))
        made[pk] = Summary(dict(channels).get(BELL, 0), channels, newest, changed)
    return made
