"""What was named on the command line, found in the database. All raise `NotFound`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.cli.output import program
from tocsin.errors import NotFound

if TYPE_CHECKING:
    from tocsin.events.models import Event
    from tocsin.recipients.models import Destination
    from tocsin.tenants.models import Organization


def find_event(key: str) -> Event:
    """The event with this id."""
    from tocsin.events.models import Event
    from tocsin.pipeline import event_key

    found: Event | None = Event.objects.filter(pk=event_key(key)).first()
    if found is None:
        raise NotFound(f"There is no event {key}. `{program()} notify` prints the id; the ledger shows it.")
    return found


def find_user(name: str) -> Any:
    """The user with this key or name."""
    from tocsin.recipients import users

    found = users.find(name)
    if found is None:
        raise NotFound(f"There is no user {name!r}. Make one with: {program()} user create")
    return found


def find_organization(slug: str) -> Organization:
    """The organization with this slug; the implicit one for the empty slug."""
    from tocsin.tenants.models import IMPLICIT, Organization
    from tocsin.tenants.organizations import implicit

    if slug in ("", IMPLICIT):
        return implicit()
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(f"There is no organization {slug!r}.")
    return found


def find_owner(text: str) -> Any:
    """The user or organization that "user:ana" or "org:acme" names."""
    kind, _, value = text.partition(":")
    if not value or kind not in ("user", "org"):
        raise NotFound(f"{text!r} names no owner. Write user:ana or org:acme.")
    return find_user(value) if kind == "user" else find_organization(value)


def find_destination(public_id: str) -> Destination:
    """The destination with this number, or the managed one called account-CHANNEL-USER."""
    from tocsin.recipients import destinations, managed
    from tocsin.tenants.scope import OPERATOR

    find = managed.find if managed.is_public_id(public_id) else destinations.find
    return find(public_id, OPERATOR)
