"""Which rules tell a destination, and how it is taken out of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tocsin.errors import Conflict
from tocsin.rules import save
from tocsin.rules.models import Rule

if TYPE_CHECKING:
    from tocsin.recipients.models import Destination
    from tocsin.rules.spec import Spec

DESTINATION = "destination"
MOST_NAMED = 5


def rules_using(destination: Destination) -> list[Rule]:
    """The rules that are not deleted and name a destination: those of its owner, for others cannot."""
    owner = {"organization": destination.organization_id, "user": None}
    own = {"user": destination.user_id} if destination.user_id is not None else owner
    rules = Rule.objects.filter(**own, deleted_at=None)
    named = rules.exclude(destinations=[]).values_list("pk", "destinations").iterator()
    found = {pk for pk, destinations in named if destination.pk in destinations}
    aimed = rules.filter(target=DESTINATION, target_identifier=str(destination.pk))
    return list(Rule.objects.filter(pk__in=found | set(aimed.values_list("pk", flat=True))).order_by("pk"))


def free(destination: Destination, by: str, *, force: bool) -> None:
    """Let no rule name a destination. Raises `Conflict` with the rules that do, unless `force` takes it out of them.

    A rule that would tell nobody then is switched off.
    """
    using = rules_using(destination)
    if using and not force:
        names = ", ".join(f"“{rule.name}” (rule:{rule.pk})" for rule in using[:MOST_NAMED])
        more = f" and {len(using) - MOST_NAMED} more" if len(using) > MOST_NAMED else ""
        remedy = "Take it out of them first, or use force, which does that, and switches off what would tell nobody."
        raise Conflict(f"This destination is told by {names}{more}. {remedy}")
    for rule in using:
        spec = without(save.spec_of(rule), destination.pk)
        whose = f"{by}, removing destination {destination.pk}"
        save.write(spec, save.place_of(rule), whose, rule=rule, action="change")


def without(spec: Spec, destination: int) -> Spec:
    """A rule that does not name a destination."""
    if spec.is_action:
        return replace(spec, active=False)
    rest = tuple(pk for pk in spec.destinations if pk != destination)
    return replace(spec, destinations=rest) if rest else replace(spec, active=False)
