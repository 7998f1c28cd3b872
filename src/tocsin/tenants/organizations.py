"""Looking up organizations and projects by slug; the implicit organization is made when it is missing."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from django.db import router, transaction
from django.db.models.signals import post_delete, post_migrate, post_save

from tocsin.errors import invalid
from tocsin.tenants.models import IMPLICIT, Organization, Project

K = TypeVar("K")
V = TypeVar("V")

_known: dict[str, int] = {}
_slugs: dict[int, str] = {}
_projects: dict[tuple[int, str], int] = {}


def organization_id(slug: str = "") -> int:
    """The key of the organization called `slug` (empty: the implicit one). Raises `InvalidInput`."""
    slug = slug or IMPLICIT
    if slug in _known:
        return _known[slug]
    found = Organization.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None and slug == IMPLICIT:
        found = implicit().pk
    if found is None:
        raise invalid("organization", f"{slug!r} is not known.", "Give the slug of an organization.")
    return _keep(_known, slug, found)


def organization_slug(pk: int) -> str:
    """The slug of an organization that exists."""
    if pk in _slugs:
        return _slugs[pk]
    return _keep(_slugs, pk, str(Organization.objects.values_list("slug", flat=True).get(pk=pk)))


def implicit() -> Organization:
    """The organization of hosts that have none of their own."""
    return Organization.objects.get_or_create(slug=IMPLICIT, defaults={"name": "Default"})[0]


def is_implicit(pk: int) -> bool:
    """Whether `pk` is the implicit organization, whose people are all users."""
    return organization_id() == pk


def project_id(organization: int, slug: str) -> int | None:
    """The key of a project of this organization; None for the empty slug. Raises `InvalidInput`."""
    if not slug:
        return None
    if (organization, slug) in _projects:
        return _projects[organization, slug]
    ours = Project.objects.filter(organization=organization)
    found: int | None = ours.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise invalid("project", f"{slug!r} is not known.", "Give the slug of a project of the organization.")
    return _keep(_projects, (organization, slug), found)


def _keep(known: dict[K, V], key: K, value: V) -> V:
    """Remember what is certain to stay: what this transaction made may yet be rolled back."""
    transaction.on_commit(partial(known.__setitem__, key, value), using=router.db_for_write(Organization))
    return value


def _forget(**_: Any) -> None:
    _known.clear()
    _slugs.clear()
    _projects.clear()


for signal in (post_save, post_delete):
    signal.connect(_forget, sender=Organization)
    signal.connect(_forget, sender=Project)
post_migrate.connect(_forget)
