"""The rules that an event did not meet, each with what failed: judged by the versions of when it was planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tocsin import clock
from tocsin.deliveries.contributors import contributors, subjects_of
from tocsin.rules.match import decide
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.spec import of_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.events.models import Event

MOST_READ, MOST_TOLD = 200, 20
"""Rules that are looked at, and of which something is said: an organization may have a hundred thousand."""


def unmatched(event: Event) -> Iterator[str]:
    """A sentence for each rule that is about the event's type and did not apply."""
    met = {one.rule for one in contributors(event)}
    [subject] = subjects_of([event])
    told = 0
    for version in _of_then(event):
        decision = decide(of_json(version.spec), subject)
        if version.rule_id in met or any(why.code == "type" for why in decision.reasons):
            continue
        if decision.matched:
            reasons = _("a rule before it ends those that follow, or its owner may not read these events.")
        else:
            reasons = " ".join(why.sentence for why in decision.reasons)
        yield _("rule:%(rule)s@%(version)s “%(name)s” did not apply: %(reasons)s") % {
            "rule": version.rule_id, "version": version.number, "name": version.spec["name"], "reasons": reasons,
        }  # fmt: skip
        told += 1
        if told == MOST_TOLD:
            return


def _of_then(event: Event) -> list[RuleVersion]:
    """The versions that were in force when the event was planned, or are now, if it is not yet."""
    moment = event.planned_at or clock.now()
    rules = Rule.objects.filter(organization=event.organization_id, created_at__lte=moment).order_by(
        "position", "pk"
    )
    numbers = list(rules.values_list("pk", flat=True)[:MOST_READ])
    latest: dict[int, RuleVersion] = {}
    for version in RuleVersion.objects.filter(rule__in=numbers, at__lte=moment).order_by("number"):
        latest[version.rule_id] = version
    return [latest[number] for number in numbers if number in latest and latest[number].action != "delete"]
