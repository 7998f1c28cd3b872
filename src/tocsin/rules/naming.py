"""Which rules of an organization name a team, a project or a type: asked before one of these is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.rules.models import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.tenants.models import Project, Team

TEAM = "team"


def rules_naming_team(team: Team) -> list[Rule]:
    """Those that tell its people, or the one who looks after it."""
    names = (team.slug, f"{team.organization.slug}/{team.slug}")
    terms = {f"{TEAM}:{name}" for name in names} | {f"account_manager:{TEAM}={name}" for name in names}
    return _those(
        team.organization_id,
        lambda rule: (
            not terms.isdisjoint(rule.to) or (rule.target == TEAM and rule.target_identifier in names)
        ),
    )


def rules_naming_project(project: Project) -> list[Rule]:
    """Those that are bound to it."""
    return _those(project.organization_id, lambda rule: project.pk in rule.projects)


def rules_naming_type(organization: int, key: str) -> list[Rule]:
    """Those that name it in full; a pattern such as `task:*` needs no type of its own."""
    return _those(organization, lambda rule: key in rule.event_types)


def _those(organization: int, is_one: Callable[[Rule], bool]) -> list[Rule]:
    """The organization's own rules that are not deleted, by name."""
    rules = Rule.objects.filter(organization=organization, user=None, deleted_at=None).order_by("name")
    return [rule for rule in rules.iterator() if is_one(rule)]
