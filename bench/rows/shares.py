"""Row 11: one tenant floods a tarpit; what is left to 49 others of what they have alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bench import servers
from bench.inside import Inside
from bench.results import Section, Series, alternate
from bench.rows.workers import Crew

if TYPE_CHECKING:
    from bench.results import Size

OTHERS = 49


def run(size: Size) -> Section:
    flood, each = size.fanout // 2, size.messages // OTHERS
    alone = Series(f"limit: {OTHERS} organizations alone")
    beside = Series(f"the same, while another has {flood:,} for a tarpit", alone)
    crew = Crew("worker", 1)
    with (
        servers.postgres() as database,
        servers.nginx() as nginx,
        servers.tarpit() as tarpit,
        Inside("workers", database, **crew.environment) as inside,
        contextlib.ExitStack() as stack,
    ):
        inside.call("tenants", count=OTHERS + 1)  # the tables are made by now
        stack.enter_context(servers.child(crew.commands[0], {"BENCH_DATABASE": database} | crew.environment))
        inside.call("await_workers", count=1)
        given = {
            "each": each,
            "urls": [f"http://{host}:{nginx.port}/" for host in servers.HOSTS],
            "tarpit": f"http://127.0.0.1:{tarpit}/",
            "quiet": OTHERS,
        }
        inside.call("beside", flood=0, **given)  # what is loaded with the first work is loaded
        alternate(
            min(size.rounds, 3),
            (alone, lambda: float(inside.call("beside", flood=0, **given))),
            (beside, lambda: float(inside.call("beside", flood=flood, **given))),
        )
    return Section(
        "shares",
        f"{OTHERS} organizations with {each} webhooks each, to nginx on this machine. Deliveries per second.",
        [beside, alone],
        [
            (
                "One `tocsin worker` on PostgreSQL. The clock starts with the first commit of the others, and ends "
                "when the last of them is sent."
            ),
            f"The tarpit takes every connection and never answers; one organization has {flood:,} messages for it.",
        ],
        servers.versions("PostgreSQL", "nginx"),
    )
