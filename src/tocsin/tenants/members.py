"""Who belongs to an organization, in which role, and who looks after them. Every change is on record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction

from tocsin import conf
from tocsin.errors import Conflict, NotFound, invalid
from tocsin.tenants.audit import differing, note
from tocsin.tenants.models import Membership, Organization, Project, Role, Team, TeamMember

if TYPE_CHECKING:
    from django.db.models import Model

P = TypeVar("P", Team, Project)

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
KEEPERS = (Role.OWNER, Role.ADMIN)


def why_not(actor: str | None, now: str | None, wanted: str | None, owners: int) -> str:
    """Why somebody may not give a member a role, or end it (None); empty where they may. Pure.

    `actor` is their own role, None for the operator; `owners` is how many the organization has.
    """
    if actor is not None and actor not in KEEPERS:
        return "Only owners and administrators change members."
    if actor == Role.ADMIN and Role.OWNER in (now, wanted) and now != wanted:
        return "Only an owner makes owners, or takes that from one."
    if now == Role.OWNER and wanted != Role.OWNER and owners <= 1:
        return "An organization keeps at least one owner. Make somebody else one first."
    return ""


@transaction.atomic
def set_role(
    organization: Organization, user: Any, role: str, by: str, actor: str | None = None
) -> Membership:
    """Make a user a member in a role, or give a member another. Raises `InvalidInput` and `Conflict`."""
    conf.check_slug("role", role, Role.values)
    held = _locked(organization)
    now = held.get(user.pk)
    _refuse(why_not(actor, now, role, list(held.values()).count(Role.OWNER)))
    membership: Membership
    membership, _ = Membership.objects.update_or_create(
        organization=organization, user=user, defaults={"role": role}
    )
    if now == role:
        return membership
    note(
        organization.pk,
        by,
        "member.role",
        f"user:{user.pk}",
        before={"role": now} if now else {},
        after={"role": role},
    )
    return membership


@transaction.atomic
def remove(organization: Organization, user: Any, by: str, actor: str | None = None) -> None:
    """End a membership, and those in the organization's teams. Raises `NotFound` and `Conflict`.

    Their own rules about this organization stay and apply no more: they may not read its events.
    """
    held = _locked(organization)
    if user.pk not in held:
        raise NotFound(f"{user} is no member of {organization}.")
    _refuse(why_not(actor, held[user.pk], None, list(held.values()).count(Role.OWNER)))
    TeamMember.objects.filter(team__organization=organization, user=user).delete()
    Membership.objects.filter(organization=organization, user=user).delete()
    note(organization.pk, by, "member.remove", f"user:{user.pk}", before={"role": held[user.pk]}, after={})


@transaction.atomic
def set_account_manager(of: Organization | Team | Membership, manager: Any, by: str) -> None:
    """Say who looks after an organization, a team or a member; None for nobody. They need not be a member."""
    before, of.account_manager = of.account_manager_id, manager
    of.save(update_fields=["account_manager"])
    organization = of if isinstance(of, Organization) else of.organization
    after = None if manager is None else manager.pk
    note(
        organization.pk,
        by,
        "account_manager",
        _subject(of),
        before={"user": _text(before)},
        after={"user": _text(after)},
    )


@transaction.atomic
def make_organization(slug: str, by: str, name: str = "") -> Organization:
    """A new organization. Raises `InvalidInput`."""
    _check_slug(slug, Organization.objects.filter(slug=slug).exists())
    made = Organization.objects.create(slug=slug, name=name or slug)
    note(made.pk, by, "organization.create", f"org:{slug}", before={}, after={"name": made.name})
    return made


def make_team(organization: Organization, slug: str, by: str, name: str = "") -> Team:
    """A new team. Raises `InvalidInput`."""
    return _make(Team, organization, slug, by, name)


def make_project(organization: Organization, slug: str, by: str, name: str = "") -> Project:
    """A new project. Raises `InvalidInput`."""
    return _make(Project, organization, slug, by, name)


@transaction.atomic
def _make(model: type[P], organization: Organization, slug: str, by: str, name: str) -> P:
    _check_slug(slug, model.objects.filter(organization=organization, slug=slug).exists())
    made: P = model.objects.create(organization=organization, slug=slug, name=name or slug)
    kind = model._meta.model_name
    note(organization.pk, by, f"{kind}.create", f"{kind}:{slug}", before={}, after={"name": made.name})
    return made


@transaction.atomic
def change(of: Organization | Team | Project, by: str, **fields: str) -> None:
    """Change its name, or an organization's time zone or locale. A slug stays: rules and audiences name it."""
    before = {name: getattr(of, name) for name in fields}
    changed = differing(before, fields)
    if not changed:
        return
    for name, value in fields.items():
        setattr(of, name, value)
    of.save(update_fields=changed.keys())
    organization = of if isinstance(of, Organization) else of.organization
    note(organization.pk, by, f"{_kind(of)}.change", _subject(of), before=before, after=fields)


@transaction.atomic
def delete(of: Team | Project, by: str) -> None:
    """Delete a team or a project. Rules that name it stay; `doctor` says what they lack."""
    note(of.organization.pk, by, f"{_kind(of)}.delete", _subject(of), before={"name": of.name}, after={})
    of.delete()


@transaction.atomic
def join(team: Team, user: Any, by: str) -> bool:
    """Put a member into a team; False if they were in it. Raises `Conflict` for who is no member."""
    if not Membership.objects.filter(organization=team.organization, user=user).exists():
        raise Conflict(
            f"{user} is no member of {team.organization}, so they would not be told. Make them one first."
        )
    _, made = TeamMember.objects.get_or_create(team=team, user=user)
    if made:
        note(team.organization.pk, by, "team.join", _subject(team), before={}, after={"user": _text(user.pk)})
    return made


@transaction.atomic
def leave(team: Team, user: Any, by: str) -> bool:
    """Take somebody out of a team; False if they were not in it."""
    gone, _ = TeamMember.objects.filter(team=team, user=user).delete()
    if gone:
        note(
            team.organization.pk, by, "team.leave", _subject(team), before={"user": _text(user.pk)}, after={}
        )
    return bool(gone)


def _locked(organization: Organization) -> dict[Any, str]:
    """Everybody's role; nobody else changes one until this transaction ends."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    return dict(Membership.objects.filter(organization=organization).values_list("user", "role"))


def _refuse(reason: str) -> None:
    if reason:
        raise Conflict(reason)


def _check_slug(slug: str, is_taken: bool) -> None:
    if not SLUG.fullmatch(slug):
        raise invalid("slug", f"{slug[:80]!r} is no slug.", "Use at most 63 of a-z, 0-9 and -.")
    if is_taken:
        raise invalid("slug", f"{slug!r} is taken.", "Choose another.")


def _kind(of: Model) -> str:
    return of._meta.model_name or ""


def _subject(of: Any) -> str:
    if isinstance(of, Organization):
        return f"org:{of.slug}"
    return f"user:{of.user_id}" if isinstance(of, Membership) else f"{_kind(of)}:{of.slug}"


def _text(key: Any) -> str | None:
    return None if key is None else str(key)
