"""What a rule's form offers: the types, people, channels and destinations that are there to choose."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from tocsin.channels import registry
from tocsin.events import declared
from tocsin.events.models import Event
from tocsin.levels import Level
from tocsin.recipients import audiences
from tocsin.recipients.models import Destination
from tocsin.rules import registrations
from tocsin.rules.facts import DATA, TOP
from tocsin.tenants.models import Membership, Organization, Project, Role, Team
from tocsin.tenants.organizations import is_implicit
from tocsin.web.rows import channel_name

if TYPE_CHECKING:
    from tocsin.rules.spec import Place

MOST, RECENT = 200, 20
DEEPEST = 3
"""Steps below `data` that are offered as fields."""

Offer = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """All that may be ticked, each a value and what it is called."""

    types: list[Offer]
    levels: list[Offer]
    projects: list[Offer]
    audiences: list[Offer]
    people: list[str]
    channels: list[Offer]
    destinations: list[Offer]
    services: list[Offer]
    targets: list[Offer]
    fields: list[str]
    recent: list[Event]
    """The newest events, on which a rule can be tried."""


def choices_of(place: Place) -> Choices:
    """What can be chosen in a rule of this owner."""
    organization = Organization.objects.get(pk=place.organization)
    is_own = place.user_pk is not None
    owner = {"user": place.user_pk} if is_own else {"organization": organization}
    shelf = Destination.objects.filter(**owner, managed=False).order_by("channel", "label")
    recent = list(Event.objects.filter(organization=organization).order_by("-pk")[:RECENT])
    projects = Project.objects.filter(organization=organization).order_by("slug")
    channels = registry.channels()
    return Choices(
        types=[(key, kind.label) for key, kind in sorted(declared.types_of([organization.pk]).items())],
        levels=[(level.slug, level.label) for level in Level],
        projects=list(projects.values_list("slug", "name")),
        audiences=[] if is_own else _audiences(organization),
        people=[] if is_own else _people(organization),
        channels=[(slug, channel.label) for slug, channel in channels.items()],
        destinations=[(str(one.pk), f"{one.label} ({channel_name(one.channel)})") for one in shelf[:MOST]],
        services=list(registrations.services().items()),
        targets=list(registrations.targets().items()),
        fields=_fields(recent),
        recent=recent,
    )


def _audiences(organization: Organization) -> list[Offer]:
    found: list[Offer] = [("everyone:members", _("Everyone"))]
    if not is_implicit(organization.pk):
        found += [(f"role:{role.value}", _("Every %(role)s") % {"role": role.label}) for role in Role]
    teams = Team.objects.filter(organization=organization).order_by("slug")
    found += [
        (f"team:{organization.slug}/{team.slug}", _("Team %(name)s") % {"name": team.name})
        for team in teams[:MOST]
    ]
    if audiences.has_groups():
        names = Group.objects.order_by("name").values_list("name", flat=True)[:MOST]
        found += [(f"group:{name}", _("Group %(name)s") % {"name": name}) for name in names]
    return found


def _people(organization: Organization) -> list[str]:
    """The user names of the organization's people, the first of them."""
    model = get_user_model()
    people = model._default_manager.order_by(model.USERNAME_FIELD)
    if not is_implicit(organization.pk):
        members = Membership.objects.filter(organization=organization).values("user")
        people = people.filter(pk__in=members)
    return [str(name) for name in people.values_list(model.USERNAME_FIELD, flat=True)[:MOST]]


def _fields(events: list[Event]) -> list[str]:
    """The fields of events, and what the newest ones carry as data."""
    found = dict.fromkeys(TOP)
    for event in events:
        _below(event.data, DATA, 1, found)
    return list(islice(found, MOST))


def _below(data: Any, path: str, depth: int, found: dict[str, None]) -> None:
    if not isinstance(data, dict) or depth > DEEPEST:
        return
    for name, value in data.items():
        if "." not in name:
            found[f"{path}.{name}"] = None
            _below(value, f"{path}.{name}", depth + 1, found)
