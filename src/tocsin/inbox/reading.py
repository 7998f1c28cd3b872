"""Reading rows for the stream: in a thread, on a connection that is closed again, whatever the database does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, connections

from tocsin.inbox.queries import newest_ids
from tocsin.inbox.summary import Summary, summaries

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("tocsin.inbox")


async def read_changes(known: Mapping[Any, set[str]]) -> dict[Any, tuple[Summary, list[str]]]:
    """The readers for whom one of the `known` states is not the present one: (state, newest ids, oldest first).

    Nobody while the database is away: the next look finds what changed meanwhile.
    """
    return await sync_to_async(_read, thread_sensitive=False)(dict(known))


def _read(known: dict[Any, set[str]]) -> dict[Any, tuple[Summary, list[str]]]:
    try:
        found = summaries(known)
        return {
            key: (summary, newest_ids(key)[::-1])
            for key, summary in found.items()
            if known[key] != {summary.tag}
        }
    except (DatabaseError, InterfaceError) as error:
        logger.warning("the inbox stream could not look at the rows: %s", error)
        return {}
    finally:
        connections.close_all()
