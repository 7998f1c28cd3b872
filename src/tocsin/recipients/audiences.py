"""Audiences: the ways to name who is concerned. A kind gives a queryset of user keys, resolved when due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Subquery

from tocsin import conf
from tocsin.channels import registry
from tocsin.channels.forms import clean_settings
from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.events.ids import number_of
from tocsin.tenants.models import Membership, Organization, Role, Team, TeamMember
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    Resolve = Callable[[str, int], QuerySet[Any]]
    Check = Callable[[str], object]

MAX_TERMS = 500
MAX_TERM = 400


@dataclass(frozen=True, slots=True)
class Term:
    """One part of an audience, written `kind:value`."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


_kinds: dict[str, Resolve] = {}
_checks: dict[str, Check] = {}
EXCEPT = Term("except", "actor")
"""Of whom else is named: without the one who did it."""


def audience(kind: str, check: Check | None = None) -> Callable[[Resolve], Resolve]:
    """Register a kind of audience.

    The function is given the value and the organization's key, and returns a queryset of one column, user
    keys, unordered and unsliced. It is called when the event is due, never when it is accepted. `check` is
    given the value when the event is accepted, and raises `InvalidInput` for one that can never mean anybody.
    """

    def register(function: Resolve) -> Resolve:
        if _kinds.setdefault(kind, function) is not function:
            raise invalid("kind", f"The audience kind {kind!r} is registered twice.", "Choose another name.")
        if check is not None:
            _checks[kind] = check
        return function

    return register


def set_kinds() -> dict[str, Resolve]:
    """The kinds that name sets of people. `group` exists only where the user model has Django's groups."""
    return {kind: resolve for kind, resolve in _kinds.items() if is_set_kind(kind)}


def is_set_kind(kind: str) -> bool:
    """Whether a kind of audience names a set of people."""
    return kind in _kinds and (kind != "group" or has_groups())


def has_groups() -> bool:
    """Whether users have Django's groups."""
    try:
        return bool(get_user_model()._meta.get_field("groups").many_to_many)
    except FieldDoesNotExist:
        return False


@audience("group")
def _group(value: str, organization: int) -> QuerySet[Any]:
    groups: Any = get_user_model()._meta.get_field("groups")
    through = groups.remote_field.through
    group = groups.related_model._default_manager.filter(name=value).values("pk")[:1]
    found: QuerySet[Any] = through._default_manager.filter(group=Subquery(group))
    return found.values(_user_column(through))


def _user_column(through: Any) -> str:
    model = get_user_model()
    columns = (field for field in through._meta.get_fields() if field.is_relation)
    return next(str(field.name) for field in columns if field.related_model is model)


@audience("team")
def _team(value: str, organization: int) -> QuerySet[Any]:
    members = TeamMember.objects.filter(team__organization=organization)
    return members.filter(team__slug=value.rpartition("/")[2]).values("user")


@audience("org")
def _org(value: str, organization: int) -> QuerySet[Any]:
    members: QuerySet[Any] = Membership.objects.filter(organization=organization)
    return members.values("user")


def _role_check(value: str) -> None:
    conf.check_slug("role", value, Role.values)


@audience("role", check=_role_check)
def _role(value: str, organization: int) -> QuerySet[Any]:
    """Whoever holds the role in the event's organization, when the event is due."""
    members: QuerySet[Any] = Membership.objects.filter(organization=organization, role=value)
    return members.values("user")


@audience("everyone", check=lambda value: conf.check_slug("everyone", value, ["members"]))
def _everyone(value: str, organization: int) -> QuerySet[Any]:
    """All members of the event's organization; of the implicit one every user."""
    if is_implicit(organization):
        users: QuerySet[Any] = get_user_model()._default_manager.all()
        return users.values("pk")
    return _org(value, organization)


def _account_check(value: str) -> None:
    of, equals, name = value.partition("=")
    conf.check_slug("account_manager", of, ["user", "team", "org"])
    if not equals or not name:
        raise invalid("account_manager", f"{value!r} names nobody's.", "Write account_manager:user=12.")


@audience("account_manager", check=_account_check)
def _account_manager(value: str, organization: int) -> QuerySet[Any]:
    """Who looks after a member, a team or the organization itself, when the event is due."""
    of, _, name = value.partition("=")
    rows: QuerySet[Any]
    if of == "user":
        rows = Membership.objects.filter(organization=organization, user=_user_key(name))
    elif of == "team":
        rows = Team.objects.filter(organization=organization, slug=name.rpartition("/")[2])
    else:
        rows = Organization.objects.filter(pk=organization, slug=name)
    return rows.filter(account_manager__isnull=False).values("account_manager")


def _user_key(value: str) -> Any:
    """The key of the user meant: the key itself where it is a valid one, else a name; None for nobody."""
    model = get_user_model()
    try:
        key = model._meta.pk.to_python(value.removeprefix("name="))
    except (ValidationError, ValueError):
        key = None
    if key is not None and not value.startswith("name=") and model._default_manager.filter(pk=key).exists():
        return key
    named = {model.USERNAME_FIELD: value.removeprefix("name=")}
    return model._default_manager.filter(**named).values_list("pk", flat=True).first()


class To:
    """`tocsin.to`: builders of audience terms."""

    def user(self, user: Any) -> Term:
        """One user: the user object, its key, or a user name."""
        return Term("user", str(getattr(user, "pk", user)))

    def group(self, name: str) -> Term:
        """Everyone in a Django group, when the event is due."""
        return Term("group", str(name))

    def team(self, path: str) -> Term:
        """Everyone in a team: "acme/sales", or "sales" in the event's own organization."""
        return Term("team", str(path))

    def org(self, slug: str) -> Term:
        """Every member of an organization."""
        return Term("org", str(slug))

    def role(self, name: str) -> Term:
        """Whoever holds a role in the event's organization, when the event is due."""
        return Term("role", str(name))

    def everyone(self) -> Term:
        """Every member of the event's organization; where there are no tenants, every user."""
        return Term("everyone", "members")

    def account_manager_of(self, *, user: Any = None, team: str = "", org: str = "") -> Term:
        """Who looks after a user, a team or an organization. Give exactly one of them."""
        given = {"user": str(getattr(user, "pk", user)) if user is not None else "", "team": team, "org": org}
        named = [f"{of}={name}" for of, name in given.items() if name]
        if len(named) != 1:
            raise invalid("account_manager_of", "takes exactly one of user, team and org.")
        return Term("account_manager", named[0])

    def except_actor(self) -> Term:
        """All others who are named, but not the one who did it."""
        return EXCEPT

    def destination(self, destination: Any) -> Term:
        """One destination: the object or its key."""
        return Term("destination", str(getattr(destination, "pk", destination)))

    def address(self, channel: str, address: str) -> Term:
        """A bare address of nobody in particular, such as ("email", "x@example.com")."""
        return Term(channel, str(address))


to = To()


def parse(given: object, organization: str) -> tuple[Term, ...]:
    """The terms of an event's `to`. Raises `InvalidInput` for kinds, values and addresses that cannot be.

    Whether a user or a group exists is asked when the event is due.
    """
    if isinstance(given, str | Term) or not isinstance(given, list | tuple):
        raise invalid("to", "must be a list.", "Write to=[…], with terms such as 'group:manager'.")
    if len(given) > MAX_TERMS:
        raise invalid("to", f"has {len(given)} entries; {MAX_TERMS} are the most.", "Name a group or a team.")
    terms, errors = [], []
    for index, item in enumerate(given):
        try:
            terms.append(_term(item, organization))
        except InvalidInput as error:
            errors += [FieldError(f"to.{index}", e.message, e.remedy) for e in error.errors]
    if errors:
        raise InvalidInput(*errors)
    return tuple(dict.fromkeys(terms))


def _term(item: object, organization: str) -> Term:
    if not isinstance(item, str | Term):
        raise invalid(
            "to", f"{type(item).__name__} is no audience.", "Use tocsin.to, or a string 'kind:value'."
        )
    kind, colon, value = str(item).partition(":")
    if not colon or not value or len(value) > MAX_TERM or not value.isprintable():
        raise invalid("to", f"{str(item)[:80]!r} is no audience.", "Write 'kind:value', such as 'user:ana'.")
    if kind == "user":
        return Term(kind, value)
    if kind == "destination":
        return Term(kind, str(_number(value)))
    if kind == EXCEPT.kind:
        conf.check_slug("except", value, [EXCEPT.value])
        return EXCEPT
    if is_set_kind(kind):
        if check := _checks.get(kind):
            check(value)
        return Term(kind, _own(kind, value, organization))
    if kind in registry.channels() or kind in registry.missing():
        return Term(kind, _address(kind, value))
    addressed = [slug for slug, channel in registry.channels().items() if channel.takes_addresses]
    known = ["user", "destination", EXCEPT.kind, *set_kinds(), *addressed]
    raise invalid("to", f"{kind!r} is no kind of audience.", conf.nearest(kind, known))


def _number(value: str) -> int:
    number = number_of(value)
    if number is None:
        raise invalid("to", f"{value!r} is no destination.", "Give its number.")
    return number


def _own(kind: str, value: str, organization: str) -> str:
    """Organizations and their teams may be named only in their own events."""
    if kind == "account_manager":
        of, _, name = value.partition("=")
        _own(of, name, organization)
        return value
    owner = value if kind == "org" else value.rpartition("/")[0]
    if kind in ("org", "team") and owner and owner != organization:
        raise invalid(
            "to", f"{kind}:{value} is not known.", f"Name one of the organization {organization!r}."
        )
    return value


def _address(kind: str, value: str) -> str:
    channel = registry.get(kind)
    if not channel.takes_addresses:
        raise invalid("to", f"{kind!r} takes no bare addresses.", "Name a user or a destination.")
    clean_settings(channel.form, channel.address_settings(value))
    return value
