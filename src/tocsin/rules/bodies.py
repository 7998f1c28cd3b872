"""A rule's content as it is given and shown: names in place of the database's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import InvalidInput, invalid
from tocsin.events.ids import number_of
from tocsin.recipients.models import Destination
from tocsin.rules.spec import as_json, destinations_of
from tocsin.rules.uses import DESTINATION
from tocsin.tenants.models import Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.rules.spec import Place, Spec


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


def portable(body: dict[str, Any], place: Place) -> dict[str, Any]:
    """A body that means the same in another database: destinations by channel and label; defaults left out."""
    aim = body["target_identifier"]
    is_number = body["target"] == DESTINATION and number_of(aim) is not None
    numbers = [*body["destinations"], *([aim] if is_number else [])]
    ours = Destination.objects.filter(organization=place.organization, pk__in=numbers)
    rows = ours.values_list("pk", "channel", "label")
    named = {str(pk): {"channel": channel, "label": label} for pk, channel, label in rows}
    kept = body | {"destinations": [named.get(pk, pk) for pk in body["destinations"]]}
    if is_number:
        kept["target_identifier"] = named.get(aim, aim)
    return {name: value for name, value in kept.items() if value != DEFAULTS.get(name, ())}


def located(body: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """A body whose target `portable` may have named by channel and label, with the destination's id instead.

    Raises `InvalidInput` for one that the organization does not have.
    """
    named = body.get("target_identifier")
    if body.get("target") != DESTINATION or not isinstance(named, dict):
        return body
    try:
        [pk] = destinations_of([named], place)
    except InvalidInput as error:
        raise invalid("target_identifier", error.errors[0].message, error.errors[0].remedy) from None
    return {**body, "target_identifier": str(pk)}


DEFAULTS: dict[str, Any] = {
    "level": "info", "projects": [], "condition": None, "hours": None, "to": [], "channels": [], "destinations": [],
    "service": "", "target": "", "target_identifier": "", "options": {}, "active": True, "stop": False, "position": 0,
}  # fmt: skip
