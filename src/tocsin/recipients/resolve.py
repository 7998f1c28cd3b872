"""From audience terms to people: querysets, never loops over people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from tocsin.recipients import preferences, users
from tocsin.recipients.audiences import set_kinds
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Membership
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.base import Channel
    from tocsin.recipients.audiences import Term

USER = "user"
OUTSIDERS = frozenset({"account_manager"})
"""Kinds that may name people who are no members themselves."""


def people(terms: Iterable[Term], organization: int) -> tuple[QuerySet[Any], list[Term]]:
    """The users that `terms` name within an organization, and the terms that name no user there.

    In the implicit organization every user may be named, in all others only members, and who looks after them.
    """
    terms = list(terms)
    keys = keys_of(terms, organization)
    inside, outside = Q(pk__in=set(keys.values())), Q(pk__in=())
    kinds = set_kinds()
    for term in terms:
        if term.kind in kinds:
            named = _among(kinds[term.kind](term.value, organization))
            if term.kind in OUTSIDERS:
                outside |= named
            else:
                inside |= named
    if not is_implicit(organization):
        inside &= Q(pk__in=_members(organization).values("user"))
    found = users.users().filter(inside | outside)
    return found, [term for term in terms if term.kind == USER and term not in keys]


def _among(keys: QuerySet[Any]) -> Q:
    """Users whose key is in a queryset of one column: as a probe for each, not a list that every chunk makes anew."""
    column = keys.query.values_select
    if len(column) != 1 or keys.query.combinator or keys.query.is_sliced or keys.query.group_by is not None:
        return Q(pk__in=keys)
    return Q(Exists(keys.filter(**{column[0]: OuterRef("pk")})))


def keys_of(terms: Iterable[Term], organization: int) -> dict[Term, Any]:
    """The key of the user that each `user:…` term names; those that name nobody here are left out."""
    found = users_of((organization, term) for term in terms)
    return {term: key for (_, term), key in found.items()}


def users_of(terms: Iterable[tuple[int, Term]]) -> dict[tuple[int, Term], Any]:
    """`keys_of` within many organizations."""
    named = {(organization, term) for organization, term in terms if term.kind == USER}
    if not named:
        return {}
    found = users.matching({term.value for _, term in named})
    ours = members_among({organization for organization, _ in named}, found.values())
    return {
        (organization, term): found[term.value]
        for organization, term in named
        if term.value in found and (is_implicit(organization) or (organization, found[term.value]) in ours)
    }


def members_among(organizations: Iterable[int], keys: Iterable[Any]) -> set[tuple[int, Any]]:
    """Who of these users is a member of which of these organizations; of the implicit one nobody is asked."""
    asked = {organization for organization in organizations if not is_implicit(organization)}
    if not asked:
        return set()
    rows = Membership.objects.filter(organization__in=asked, user__among=sorted(set(keys)))
    return set(rows.values_list("organization", "user"))


def _members(organization: int) -> QuerySet[Membership]:
    members: QuerySet[Membership] = Membership.objects.filter(organization=organization)
    return members


def divide(
    found: QuerySet[Any], channel: Channel, event_type: str, *, organization_refuses: bool | None
) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """The people who may be told on this channel, and the others, with `tocsin_reason`.

    Plain conditions, not one CASE: the database can estimate them. Opt-outs are left out where there are none: then
    `organization_refuses` is None. See `preferences.Refusals`.
    """
    willing, why = found.exclude(users.inactive()), users.inactive()
    off: list[When] = []
    if organization_refuses is not None:
        refuses, off = _refusals(event_type, channel.slug, organization_refuses=organization_refuses)
        willing, why = willing.filter(~refuses), why | refuses
    if not channel.in_app:
        why |= ~usable(channel)
    return willing, _with_reason(found.filter(why), channel, off)


def _refusals(event_type: str, channel: str, *, organization_refuses: bool) -> tuple[Q, list[When]]:
    """Who is not to be told, and by whose word; what their organization says holds for those who say nothing."""
    no = preferences.refused_by_user(event_type, channel)
    if not organization_refuses:
        return no, [When(no, then=Value("opted_out"))]
    refuses = ~preferences.wanted_by_user(event_type, channel)
    return refuses, [When(no, then=Value("opted_out")), When(refuses, then=Value("organization_off"))]


def _with_reason(found: QuerySet[Any], channel: Channel, off: list[When]) -> QuerySet[Any]:
    """Annotate people with `tocsin_reason`: why they are not told on this channel, empty if they are."""
    cases = [When(users.inactive(), then=Value("inactive")), *off]
    if not channel.in_app:
        cases += _without_address(channel)
    reason = Case(*cases, default=Value(""), output_field=CharField())
    judged: QuerySet[Any] = found.annotate(tocsin_reason=reason)
    return judged


def _without_address(channel: Channel) -> list[When]:
    theirs = Destination.objects.filter(user=OuterRef("pk"), channel=channel.slug)
    reached = usable(channel)
    return [
        When(reached, then=Value("")),
        When(Exists(theirs.filter(disabled_at__isnull=False)), then=Value("destination_disabled")),
        When(~reached, then=Value("no_destination")),
    ]


def usable(channel: Channel) -> Q:
    """People who can be reached on a channel."""
    theirs = Destination.objects.filter(user=OuterRef("pk"), channel=channel.slug, managed=False).usable()
    reached = Q(Exists(theirs))
    return reached | account_address(channel) if channel.uses_account_email else reached


def account_address(channel: Channel) -> Q:
    """People who are reached at their account's e-mail: they have one, it works, and they chose no other."""
    path = users.field_paths()["email"]
    if not path:
        return Q(pk__in=())
    theirs = Destination.objects.filter(user=OuterRef("pk"), channel=channel.slug)
    chosen = theirs.filter(managed=False).usable()
    broken = theirs.filter(managed=True, disabled_at__isnull=False, identity=users.AsciiLower(OuterRef(path)))
    return Q(**{f"{path}__gt": ""}) & ~Q(Exists(chosen)) & ~Q(Exists(broken))


def own_destinations(found: QuerySet[Any], channel: str) -> QuerySet[Destination]:
    """The usable destinations that these people set up themselves."""
    return Destination.objects.filter(channel=channel, managed=False, user__in=found.values("pk")).usable()


def account_identity() -> Any:
    """SQL for the identity of an account address: the same as `users.ascii_lower` makes in Python."""
    return users.AsciiLower(users.text_of("email"))
