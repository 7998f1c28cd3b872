"""What became of a rule: each version with who made it, when, and what differs from the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.rules.bodies import bodies_of
from tocsin.rules.models import RuleVersion
from tocsin.rules.spec import of_json
from tocsin.tenants.audit import differing

if TYPE_CHECKING:
    from tocsin.rules.models import Rule


def history_of(rule: Rule) -> list[dict[str, Any]]:
    """The newest first. `differs` has for each field what it was (None before the first) and what it became."""
    versions = list(RuleVersion.objects.filter(rule=rule.pk).order_by("number"))
    before: dict[str, Any] = {}
    found = []
    for version, body in zip(versions, bodies_of([of_json(one.spec) for one in versions]), strict=True):
        differs = {name: list(pair) for name, pair in differing(before, body).items()}
        found.append(
            {
                "version": version.number,
                "at": version.at,
                "by": version.by,
                "action": version.action,
                "differs": differs,
            }
        )
        before = body
    return found[::-1]
