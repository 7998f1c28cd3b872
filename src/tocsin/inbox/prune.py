"""Inbox items that were read or put away long ago leave it, in small batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from tocsin.inbox.models import InboxItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

BATCH = 1_000


def prune_items(before: datetime) -> Iterator[int]:
    """Delete what was read or dismissed before; how many of each batch. What is unread stays."""
    after = 0
    done = Q(read_at__lt=before) | Q(dismissed_at__lt=before)
    while True:
        rows = InboxItem.objects.filter(done, pk__gt=after).order_by("pk")
        keys = list(rows.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return
        after = keys[-1]
        yield InboxItem.objects.filter(done, pk__in=keys).delete()[0]
