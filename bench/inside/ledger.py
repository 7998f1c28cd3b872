"""The ledger alone: plan, claim and record through the `memory` channel, and the barest loop on a table like it."""

from __future__ import annotations

import psycopg
from django.db import connection

from bench.inside import people
from tocsin.channels.memory import MemoryChannel

TWIN = "bench_delivery"
CLAIM = f"""
    UPDATE {TWIN} SET state = 'sending', attempt = attempt + 1, fence = fence + 1,
        lease_until = statement_timestamp() + interval '30 seconds'
    WHERE id = ANY(ARRAY(
        SELECT id FROM {TWIN} WHERE channel = 'memory' AND state IN ('pending', 'retrying', 'deferred')
            AND priority = 30 AND due_at <= statement_timestamp()
        ORDER BY due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED
    )) RETURNING id
"""
DONE = f"UPDATE {TWIN} SET state = 'sent', finished_at = statement_timestamp(), lease_until = NULL WHERE id = ANY(%s)"


def prepare(count: int) -> None:
    people.fill(count)
    people.give_memory()
    people.twin("tocsin_delivery", TWIN)
    people.settle()


def tocsin(count: int) -> dict[str, float]:
    """Plan all and send all; rows per second of each and of both."""
    people.clear(TWIN)
    MemoryChannel.clear()
    people.announce("memory")
    planning = people.plan()
    sending = people.deliver("memory", count)
    assert len(MemoryChannel.sent) == count
    return {"plan": count / planning, "deliver": count / sending, "both": count / (planning + sending)}


def bare(count: int) -> float:
    """Claim 500 and mark them done, a commit each, until there are none; rows per second."""
    people.clear(TWIN)
    people.announce("memory")
    people.plan()
    people.run_sql(f"INSERT INTO {TWIN} SELECT * FROM tocsin_delivery", "CHECKPOINT")
    done = 0
    with psycopg.connect(**_address(), autocommit=True) as bare_connection:

        def work() -> None:
            nonlocal done
            while claimed := [row[0] for row in bare_connection.execute(CLAIM)]:
                done += bare_connection.execute(DONE, [claimed]).rowcount

        spent = people.seconds(work)
    assert done == count, f"{done} rows were marked, not {count}"
    return count / spent


def _address() -> dict[str, str]:
    keys = {"dbname": "NAME", "user": "USER", "host": "HOST", "port": "PORT"}
    return {name: str(connection.settings_dict[key]) for name, key in keys.items()}
