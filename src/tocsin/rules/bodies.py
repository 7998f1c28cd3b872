"""A rule's content as it is given and shown: names in place of the database's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.recipients.models import Destination
from tocsin.rules.spec import as_json
from tocsin.tenants.models import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.rules.spec import Spec


def bodies_of(specs: Sequence[Spec]) -> list[dict[str, Any]]:
    """What `parse_spec` takes for each: projects by slug, destinations by id. What is gone is left out."""
    wanted = {pk for spec in specs for pk in spec.projects}
    slugs = dict(Project.objects.filter(pk__in=wanted).values_list("pk", "slug")) if wanted else {}
    return [
        {name: list(value) if isinstance(value, tuple) else value for name, value in as_json(spec).items()}
        | {
            "projects": [slugs[pk] for pk in spec.projects if pk in slugs],
            "destinations": [str(pk) for pk in spec.destinations],
        }
        for spec in specs
    ]


def portable(body: dict[str, Any]) -> dict[str, Any]:
    """A body that means the same in another database: destinations by channel and label; defaults left out."""
    rows = Destination.objects.filter(pk__in=body["destinations"]).values_list("pk", "channel", "label")
    named = {str(pk): {"channel": channel, "label": label} for pk, channel, label in rows}
    kept = body | {"destinations": [named[pk] for pk in body["destinations"] if pk in named]}
    return {name: value for name, value in kept.items() if value != DEFAULTS.get(name, ())}


DEFAULTS: dict[str, Any] = {
    "level": "info", "projects": [], "condition": None, "hours": None, "to": [], "channels": [], "destinations": [],
    "service": "", "target": "", "target_identifier": "", "active": True, "stop": False, "position": 0,
}  # fmt: skip
