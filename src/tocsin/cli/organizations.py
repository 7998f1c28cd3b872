"""`tocsin org`, `tocsin team` and `tocsin project`: who belongs where. Hosts without tenants need none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.lazy import Command
from tocsin.cli.output import as_json_option, print_json, print_rows
from tocsin.cli.whoami import by_whom

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.tenants.models import Project, Team

MANAGER_EXAMPLE = """
tocsin org set-manager acme eva
tocsin org set-manager acme eva --of user:ana
tocsin org set-manager acme --of team:sales
"""

_slug = click.argument("slug", metavar="ORG")
_name = click.option("--name", default="", metavar="TEXT", help="What people call it. Default: the slug.")


def _path(what: str) -> Callable[..., Any]:
    return click.argument("path", metavar=f"ORG/{what}")


@click.group("org")
def org() -> None:
    """Keep organizations and their members."""


@org.command("list", cls=Command, example="tocsin org list")
@as_json_option
def list_organizations(*, as_json: bool) -> None:
    """List the organizations."""
    from django.db.models import Count

    from tocsin.tenants.models import Organization

    found = Organization.objects.annotate(
        people=Count("memberships", distinct=True), groups=Count("teams", distinct=True),
        parts=Count("projects", distinct=True),
    ).order_by("slug")  # fmt: skip
    rows = [
        {
            "slug": one.slug,
            "name": one.name,
            "members": one.people,
            "teams": one.groups,
            "projects": one.parts,
        }
        for one in found
    ]
    _show(rows, empty="There are no organizations.", as_json=as_json)


@org.command("create", cls=Command, example='tocsin org create acme --name "Acme Ltd"')
@_slug
@_name
def create_organization(slug: str, name: str) -> None:
    """Make an organization."""
    from tocsin.tenants.members import make_organization

    click.echo(f"Organization {make_organization(slug, by_whom(), name)} is made.")


@org.command("members", cls=Command, example="tocsin org members acme --json")
@_slug
@as_json_option
def members(slug: str, *, as_json: bool) -> None:
    """List who belongs to an organization, in which role, and who looks after them."""
    from tocsin.cli.lookups import find_organization
    from tocsin.tenants.models import Membership

    found = Membership.objects.filter(organization=find_organization(slug)).select_related(
        "user", "account_manager"
    )
    rows = [
        {
            "user": one.user.get_username(),
            "role": one.role,
            "account manager": one.account_manager.get_username() if one.account_manager else "",
        }
        for one in found.order_by("pk")
    ]
    _show(rows, empty="It has no members.", as_json=as_json)


@org.command("set-member", cls=Command, example="tocsin org set-member acme ana --role manager")
@_slug
@click.argument("user")
@click.option(
    "--role", default="member", show_default=True, metavar="ROLE", help="owner, admin, manager or member."
)
def set_member(slug: str, user: str, role: str) -> None:
    """Make a user a member of an organization, or give a member another role."""
    from tocsin.cli.lookups import find_organization, find_user
    from tocsin.tenants.members import set_role

    set_role(find_organization(slug), find_user(user), role, by_whom())
    click.echo(f"{user} is {role} of {slug}.")


@org.command("remove-member", cls=Command, example="tocsin org remove-member acme ana")
@_slug
@click.argument("user")
def remove_member(slug: str, user: str) -> None:
    """End a membership, also in the organization's teams."""
    from tocsin.cli.lookups import find_organization, find_user
    from tocsin.tenants.members import remove

    remove(find_organization(slug), find_user(user), by_whom())
    click.echo(f"{user} is no member of {slug} any more.")


@org.command("set-manager", cls=Command, example=MANAGER_EXAMPLE)
@_slug
@click.argument("manager", required=False, metavar="[USER]")
@click.option(
    "--of",
    "of",
    default="",
    metavar="user:NAME|team:SLUG",
    help="Whom they look after. Default: the organization.",
)
def set_manager(slug: str, manager: str | None, of: str) -> None:
    """Say who looks after an organization, a member or a team; without USER, nobody does."""
    from tocsin.cli.lookups import find_organization, find_user
    from tocsin.errors import NotFound
    from tocsin.tenants.members import set_account_manager
    from tocsin.tenants.models import Membership, Team

    organization = find_organization(slug)
    kind, _, name = of.partition(":")
    found: Any = organization
    if kind == "team":
        found = Team.objects.filter(organization=organization, slug=name).first()
    elif kind == "user":
        found = Membership.objects.filter(organization=organization, user=find_user(name)).first()
    elif of:
        raise NotFound(f"{of!r} is neither a member nor a team. Write user:ana or team:sales.")
    if found is None:
        raise NotFound(f"{organization} has no {of}.")
    set_account_manager(found, find_user(manager) if manager else None, by_whom())
    click.echo(f"{manager or 'Nobody'} looks after {of or slug}.")


@click.group("team")
def team() -> None:
    """Keep the teams of organizations."""


@team.command("list", cls=Command, example="tocsin team list acme")
@_slug
@as_json_option
def list_teams(slug: str, *, as_json: bool) -> None:
    """List the teams of an organization and who is in them."""
    from tocsin.cli.lookups import find_organization
    from tocsin.tenants.models import Team

    found = Team.objects.filter(organization=find_organization(slug)).prefetch_related("members__user")
    rows = [
        {
            "slug": one.slug,
            "name": one.name,
            "members": [each.user.get_username() for each in one.members.all()],
        }
        for one in found.order_by("slug")
    ]
    _show(rows, empty="It has no teams.", as_json=as_json)


@team.command("create", cls=Command, example="tocsin team create acme/sales")
@_path("TEAM")
@_name
def create_team(path: str, name: str) -> None:
    """Make a team."""
    from tocsin.cli.lookups import find_organization
    from tocsin.tenants.members import make_team

    owner, _, slug = path.rpartition("/")
    click.echo(f"Team {make_team(find_organization(owner), slug, by_whom(), name)} is made.")


@team.command("add", cls=Command, example="tocsin team add acme/sales ana ben")
@_path("TEAM")
@click.argument("users", nargs=-1, required=True, metavar="USER...")
def add(path: str, users: tuple[str, ...]) -> None:
    """Put members of the organization into a team."""
    from tocsin.cli.lookups import find_user
    from tocsin.tenants.members import join

    found = _team(path)
    for name in users:
        joined = join(found, find_user(name), by_whom())
        click.echo(f"{name} is in {path}." if joined else f"{name} was in {path} already.")


@team.command("remove", cls=Command, example="tocsin team remove acme/sales ana")
@_path("TEAM")
@click.argument("users", nargs=-1, required=True, metavar="USER...")
def remove_from_team(path: str, users: tuple[str, ...]) -> None:
    """Take people out of a team."""
    from tocsin.cli.lookups import find_user
    from tocsin.tenants.members import leave

    found = _team(path)
    for name in users:
        left = leave(found, find_user(name), by_whom())
        click.echo(f"{name} is out of {path}." if left else f"{name} was not in {path}.")


@team.command("delete", cls=Command, example="tocsin team delete acme/sales")
@_path("TEAM")
def delete_team(path: str) -> None:
    """Delete a team. Its people stay members of the organization."""
    from tocsin.tenants.members import delete

    delete(_team(path), by_whom())
    click.echo(f"Team {path} is deleted.")


@click.group("project")
def project() -> None:
    """Keep the projects of organizations."""


@project.command("list", cls=Command, example="tocsin project list acme")
@_slug
@as_json_option
def list_projects(slug: str, *, as_json: bool) -> None:
    """List the projects of an organization."""
    from tocsin.cli.lookups import find_organization
    from tocsin.tenants.models import Project

    found = Project.objects.filter(organization=find_organization(slug)).order_by("slug")
    _show(
        [{"slug": one.slug, "name": one.name} for one in found], empty="It has no projects.", as_json=as_json
    )


@project.command("create", cls=Command, example="tocsin project create acme/web")
@_path("PROJECT")
@_name
def create_project(path: str, name: str) -> None:
    """Make a project."""
    from tocsin.cli.lookups import find_organization
    from tocsin.tenants.members import make_project

    owner, _, slug = path.rpartition("/")
    click.echo(f"Project {make_project(find_organization(owner), slug, by_whom(), name)} is made.")


@project.command("delete", cls=Command, example="tocsin project delete acme/web")
@_path("PROJECT")
def delete_project(path: str) -> None:
    """Delete a project. Its events stay, as events of the organization."""
    from tocsin.tenants.members import delete

    delete(_project(path), by_whom())
    click.echo(f"Project {path} is deleted.")


def _team(path: str) -> Team:
    from tocsin.tenants.models import Team

    found: Team = _one_of(Team, path)
    return found


def _project(path: str) -> Project:
    from tocsin.tenants.models import Project

    found: Project = _one_of(Project, path)
    return found


def _one_of(model: Any, path: str) -> Any:
    from tocsin.cli.lookups import find_organization
    from tocsin.errors import NotFound

    owner, _, slug = path.rpartition("/")
    found = model.objects.filter(organization=find_organization(owner), slug=slug).first()
    if found is None:
        raise NotFound(f"There is no {model._meta.model_name} {path!r}. Write it as acme/{slug or 'sales'}.")
    return found


def _show(rows: list[dict[str, Any]], *, empty: str, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    columns = tuple(rows[0]) if rows else ()
    cells = [[", ".join(cell) if isinstance(cell, list) else cell for cell in row.values()] for row in rows]
    print_rows(columns, cells, empty=empty)
