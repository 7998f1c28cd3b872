"""Row 3: many webhooks, signed, with nothing in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import servers
from bench.rows import posts

if TYPE_CHECKING:
    from bench.results import Section, Size


def run(size: Size) -> Section:
    note = (
        f"tocsin: from due deliveries to recorded `sent`; signed, to {len(servers.HOSTS)} addresses of one "
        "nginx, for one host gets a quarter of the slots at most."
    )
    return posts.measure(size, "webhook", "webhooks", "", note)
