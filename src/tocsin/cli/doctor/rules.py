"""Whether the rules reach anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.cli.doctor.findings import Finding, ok, warning
from tocsin.cli.output import program
from tocsin.deliveries.lint import lint_all
from tocsin.rules.models import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LOOKED_AT, MOST_TOLD = 500, 20


def doubtful() -> Iterator[Finding]:
    """What is doubtful about the newest rules that are in use."""
    number = Rule.objects.filter(active=True, deleted_at=None).count()
    found = 0
    for rule, findings in lint_all(MOST_LOOKED_AT):
        for one in findings:
            found += 1
            if found <= MOST_TOLD:
                message = f"rule:{rule.pk} “{rule.name}”: {one.sentence}"
                yield warning("rules", message, f"See: {program()} rules show {rule.pk}")
    if found > MOST_TOLD:
        yield warning("rules", f"{found - MOST_TOLD} more doubts about rules", "Mend those above first.")
    if not found:
        looked = f"the newest {MOST_LOOKED_AT} of {number}" if number > MOST_LOOKED_AT else str(number)
        yield ok("rules", f"{looked} in use, and nothing is doubtful about them")
