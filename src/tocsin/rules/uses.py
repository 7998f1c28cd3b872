"""Which rules tell a destination, and how it is taken out of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.rules import save
from tocsin.rules.models import Rule

if TYPE_CHECKING:
    from tocsin.recipients.models import Destination
    from tocsin.rules.spec import Spec

DESTINATION = "destination"


def rules_using(destination: Destination) -> list[Rule]:
    """The rules that are not deleted and name a destination: those of its owner, for others cannot."""
    owner = {"organization": destination.organization_id, "user": None}
    own = {"user": destination.user_id} if destination.user_id is not None else owner
    rules = Rule.objects.filter(**own, deleted_at=None)
    named = rules.exclude(destinations=[]).values_list("pk", "destinations").iterator()
    found = {pk for pk, destinations in named if destination.pk in destinations}
    aimed = rules.filter(target=DESTINATION, target_identifier=str(destination.pk))
    return list(Rule.objects.filter(pk__in=found | set(aimed.values_list("pk", flat=True))).order_by("pk"))


def take_out(rule: Rule, destination: Destination, by: str) -> None:
    """Let a rule name a destination no longer; one that would tell nobody is switched off."""
    spec = without(save.spec_of(rule), destination.pk)
    save.write(
        spec, save.place_of(rule), f"{by}, removing destination {destination.pk}", rule=rule, action="change"
    )


def without(spec: Spec, destination: int) -> Spec:
    """A rule that does not name a destination."""
    if spec.is_action:
        return replace(spec, active=False)
    rest = tuple(pk for pk in spec.destinations if pk != destination)
    return replace(spec, destinations=rest) if rest else replace(spec, active=False)
