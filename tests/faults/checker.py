"""What was promised against what came out, in the manner of Jepsen's total queue. Pure: journals in, finding out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.faults.journal import Arrival
    from tests.faults.ledger import Row


@dataclass(slots=True)
class Finding:
    """`lost`: acked and never out. `unexpected`: out and never submitted. `partial`: out at some destinations
    only. `duplicated`: more often than tried, or under another id. `untrue`: the database says otherwise.
    """

    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    doubles: int = 0
    """Arrivals beyond the first, each of them allowed by a worker that was lost."""

    @property
    def faults(self) -> dict[str, list[str]]:
        """Everything that must not be."""
        names = ("lost", "unexpected", "partial", "duplicated", "untrue")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def __str__(self) -> str:
        return f"{self.doubles} doubles, {len(self.recovered)} recovered, faults: {self.faults or 'none'}"


def said(journal: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The last word of the submitters on each key: "trying" (died in it), "unknown" or "acked"."""
    return {line["key"]: line["said"] for line in journal}


def check(
    submitted: Mapping[str, str], arrived: Sequence[Arrival], rows: Sequence[Row], names: set[str]
) -> Finding:
    """Compare after the drain. `names` are the destinations that every event goes to."""
    finding = Finding()
    places: dict[str, set[str]] = defaultdict(set)
    ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in arrived:
        places[one.key].add(one.name)
        ids[one.key, one.name].append(one.id)
    for key, word in submitted.items():
        reached = places.get(key, set())
        if word == "acked" and not reached:
            finding.lost.append(key)
        elif word != "acked" and reached:
            finding.recovered.append(key)
        if reached and reached != names:
            finding.partial.append(f"{key} only at {sorted(reached)}")
    finding.unexpected = sorted(set(places) - set(submitted))
    _check_doubles(finding, ids, {(row.key, row.label): row for row in rows})
    _check_states(finding, ids, rows)
    return finding


def _check_doubles(
    finding: Finding, ids: Mapping[tuple[str, str], list[str]], rows: Mapping[tuple[str, str], Row]
) -> None:
    for place, found in ids.items():
        finding.doubles += len(found) - 1
        row = rows.get(place)
        lost = row.lost_workers if row else 0
        if len(found) > 1 + lost or len(set(found)) > 1:
            finding.duplicated.append(f"{place}: {found}, {lost} workers lost")


def _check_states(finding: Finding, ids: Mapping[tuple[str, str], list[str]], rows: Sequence[Row]) -> None:
    seen = set()
    for row in rows:
        place = (row.key, row.label)
        if place in seen:
            finding.untrue.append(f"d{row.id}: a second row for {place}")
        seen.add(place)
        if (row.state == "sent") != (place in ids) or row.state == "sending":
            finding.untrue.append(
                f"d{row.id} {place} is {row.state} {row.reason}, arrived {len(ids.get(place, ()))}"
            )
    finding.untrue += [f"{place} arrived and has no row" for place in ids if place not in seen]
