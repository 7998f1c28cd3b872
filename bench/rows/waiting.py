"""Row 7: what was put off and is released at one opening, and what it costs that a million are not due yet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import servers
from bench.inside import Inside
from bench.results import Section, Series, alternate

if TYPE_CHECKING:
    from bench.results import Size

EACH = 5
FEW_WAIT = 1_000


def run(size: Size) -> Section:
    series: list[Series] = []
    many_wait = size.fanout * 10
    with (
        servers.postgres() as postgres,
        servers.sqlite() as sqlite,
        Inside("waiting", postgres) as first,
        Inside("waiting", sqlite) as second,
    ):
        for name, inside in (("PostgreSQL", first), ("SQLite", second)):
            inside.call("prepare", count=size.fanout, few=size.fanout // EACH)
            limit = Series(f"limit, {name}: never put off")
            one = Series(f"tocsin, {name}: released, one for each person", limit)
            several = Series(f"tocsin, {name}: released, {EACH} for each person in one message", limit)
            alternate(
                min(size.rounds, 3),
                (one, partial(inside.call, "released", count=size.fanout, each=1)),
                (limit, partial(inside.call, "never_put_off", count=size.fanout)),
                (several, partial(inside.call, "released", count=size.fanout, each=EACH)),
            )
            series += [one, several, limit]
            series += _beside(name, inside, size, many_wait)
    return Section(
        "waiting",
        f"{size.fanout:,} deliveries of people with quiet hours, released at one opening; and the price of "
        f"{many_wait:,} deliveries and as many events that are due in a day. Deliveries, or looks, per second.",
        series,
        [
            (
                "released: every delivery is deferred and due now. It is claimed, looked at again (read? resolved? "
                "wanted?), judged by the hours of its person, joined with what else waits for the same address, sent "
                "through `memory`, and recorded. Attempts are written for each message."
            ),
            "limit: the same people, hours and deliveries, not put off.",
            (
                f"beside: {size.fanout // EACH:,} due deliveries are claimed, sent and recorded while so many others "
                f"of the same channel and level wait. Its limit is the same beside {FEW_WAIT:,}."
            ),
            (
                "looks: `pipeline.sweep()` while nothing is due: lost leases, series, and one query for all "
                f"channels. Its limit is the same with {FEW_WAIT:,} waiting."
            ),
        ],
        servers.versions("PostgreSQL"),
    )


def _beside(name: str, inside: Inside, size: Size, many: int) -> list[Series]:
    found: dict[tuple[str, int], Series] = {}
    for number in (FEW_WAIT, many):
        inside.call("keep_waiting", number=number)
        for what, call in (("beside", "due_beside"), ("looks", "sweeps")):
            limit = found.get((what, FEW_WAIT))
            title = (
                f"tocsin, {name}: {what}, {number:,} wait"
                if limit
                else f"limit, {name}: {what}, {number:,} wait"
            )
            found[what, number] = measured = Series(title, limit)
            given = {"count": size.fanout // EACH} if what == "beside" else {}
            alternate(min(size.rounds, 3), (measured, partial(inside.call, call, **given)))
    return list(found.values())
