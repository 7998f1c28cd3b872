"""UUIDv7 as RFC 9562 has it."""

from __future__ import annotations

import threading
import time

from tocsin.events.ids import uuid7


def test_an_id_carries_version_variant_and_time() -> None:
    made = uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert abs((made.int >> 80) / 1000 - time.time()) < 60


def test_ids_of_many_threads_are_unique_and_each_threads_own_rise() -> None:
    made: list[list[int]] = []

    def make() -> None:
        made.append([uuid7().int for _ in range(2000)])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ids == sorted(ids) for ids in made)
    assert len({one for ids in made for one in ids}) == 16_000
