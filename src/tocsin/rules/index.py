"""The index of the rules: an event asks for the few keys it has, however many rules there are."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tocsin.rules.conditions import condition_of, keys_of
from tocsin.rules.models import Rule, RuleField, RuleKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.rules.spec import Spec

ANY = ("", "any", "")
"""The key that every event has: of rules whose condition gives no other."""
MOST_FIELDS = 100
"""Fields that are looked up for one pattern; rules with further ones are found by ANY."""
EVERY_TYPE = "*"

Key = tuple[str, str, str]
Field = tuple[str, str, str]
"""Pattern, field, kind."""


def patterns_of(event_type: str) -> list[str]:
    """The patterns that a type matches: itself, "invoice:*" for each of its prefixes, and "*"."""
    parts = event_type.split(":")
    prefixes = [":".join(parts[:count]) + ":*" for count in range(len(parts) - 1, 0, -1)]
    return [event_type, *prefixes, EVERY_TYPE]


def enter(rule: Rule, spec: Spec) -> None:
    """Put a rule into the index, in place of what was there of it."""
    RuleKey.objects.filter(rule=rule).delete()
    if not spec.active or rule.deleted_at is not None:
        return
    keys: Iterable[Key] = condition_of(spec.condition).keys() or (ANY,)
    found: set[str] = set()
    for pattern in spec.event_types:
        known = set(
            RuleField.objects.filter(organization=rule.organization_id, pattern=pattern).values_list(
                "field", "kind"
            )
        )
        wanted = {(field, kind) for field, kind, _ in keys}
        if len(known | wanted) > MOST_FIELDS:
            keys, wanted = (ANY,), {ANY[:2]}
        RuleField.objects.bulk_create(
            [
                RuleField(organization_id=rule.organization_id, pattern=pattern, field=field, kind=kind)
                for field, kind in wanted - known
            ],
            ignore_conflicts=True,
        )
        found |= {digest(rule.organization_id, pattern, key) for key in keys}
    RuleKey.objects.bulk_create([RuleKey(rule=rule, key=key) for key in sorted(found)])


def fields_of(organizations: Iterable[int], patterns: Iterable[str]) -> dict[int, list[Field]]:
    """For each organization with rules on these patterns, what to look up."""
    rows = RuleField.objects.filter(organization__in=set(organizations), pattern__in=set(patterns))
    found: dict[int, list[Field]] = {}
    for organization, *field in rows.values_list("organization", "pattern", "field", "kind"):
        found.setdefault(organization, []).append((field[0], field[1], field[2]))
    return found


def digests_of(
    organization: int, patterns: Iterable[str], fields: Iterable[Field], facts: Mapping[str, Any]
) -> set[str]:
    """The entries of the index that an event must look at."""
    matching = set(patterns)
    own = keys_of(facts, {(field, kind) for pattern, field, kind in fields if pattern in matching and field})
    keys = [*own, ANY]
    return {
        digest(organization, pattern, key)
        for pattern, field, kind in fields
        if pattern in matching
        for key in keys
        if key[:2] == (field, kind)
    }


def digest(organization: int, pattern: str, key: Key) -> str:
    """An entry's name."""
    text = json.dumps([organization, pattern, *key], ensure_ascii=False)
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
