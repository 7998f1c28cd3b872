"""A rule's content as it is given and shown: names in place of the database's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.recipients.models import Destination
from tocsin.rules.spec import as_json
from tocsin.tenants.models import Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.rules.spec import Spec


def bodies_of(specs: Sequence[Spec]) -> list[dict[str, Any]]:
    """What `parse_spec` takes for each: projects by slug, destinations by id.

    A project that is gone is named "#7", which `parse_spec` refuses: left out, the rule would be about all projects.
    """
    wanted = {pk for spec in specs for pk in spec.projects}
    slugs = dict(Project.objects.filter(pk__in=wanted).values_list("pk", "slug")) if wanted else {}
    return [
        {name: list(value) if isinstance(value, tuple) else value for name, value in as_json(spec).items()}
        | {
            "projects": [slugs.get(pk, f"#{pk}") for pk in spec.projects],
            "destinations": [str(pk) for pk in spec.destinations],
        }
        for spec in specs
    ]


def portable(body: dict[str, Any]) -> dict[str, Any]:
    """A body that means the same in another database: destinations by channel and label; defaults left out."""
    rows = Destination.objects.filter(pk__in=body["destinations"]).values_list("pk", "channel", "label")
    named = {str(pk): {"channel": channel, "label": label} for pk, channel, label in rows}
    kept = body | {"destinations": [named.get(pk, pk) for pk in body["destinations"]]}
    return {name: value for name, value in kept.items() if value != DEFAULTS.get(name, ())}


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields that are not the same in two bodies: what each is and what it becomes."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if name not in before or _told_apart(before[name]) != _told_apart(value)
    }


def _told_apart(value: Any) -> Any:
    """To Python 1 and true are equal; to a condition they are not."""
    if isinstance(value, dict):
        return {name: _told_apart(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_told_apart(inner) for inner in value]
    return (isinstance(value, bool), value)


DEFAULTS: dict[str, Any] = {
    "level": "info", "projects": [], "condition": None, "hours": None, "to": [], "channels": [], "destinations": [],
    "service": "", "target": "", "target_identifier": "", "active": True, "stop": False, "position": 0,
}  # fmt: skip
