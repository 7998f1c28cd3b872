"""What is known of the host's user model: which columns hold e-mail, name, zone, locale and activity."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.core.signals import setting_changed
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, NullIf

from tocsin import conf
from tocsin.channels.base import Recipient
from tocsin.recipients import among  # noqa: F401 (registers the lookup)
from tocsin.recipients.models import Person, Preference
from tocsin.values import USER_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import Manager
    from django.db.models.expressions import Combinable


class AsciiLower(Func):
    """Lower-cases A to Z and nothing else, as `ascii_lower` does in Python."""

    function = "LOWER"
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template='LOWER((%(expressions)s) COLLATE "C")')


def ascii_lower(address: str) -> str:
    """Lower-cases A to Z and nothing else: what is one address in SQL must be one in Python."""
    return address.encode().lower().decode()


def users() -> Manager[Any]:
    """The manager through which tocsin reads the host's users."""
    return get_user_model()._default_manager


@cache
def field_paths() -> dict[str, str]:
    """ORM path of each user field; empty where the user model has none."""
    model = get_user_model()
    email = getattr(model, "EMAIL_FIELD", "email")
    found = {"email": email if has_field(email) else "", "name": model.USERNAME_FIELD}
    mapped: dict[str, str] = conf.get("USER_FIELDS")
    return USER_FIELDS | found | mapped


def has_field(name: str) -> bool:
    """Whether the user model has a column called `name`."""
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def has_path(path: str) -> bool:
    """Whether an ORM path leads somewhere from the user model."""
    try:
        users().values(path)
    except FieldError:
        return False
    return True


def inactive() -> Q:
    """Users who may not be told; nobody, where the model has no `is_active` column."""
    return Q(is_active=False) if has_field("is_active") else Q(pk__in=())


def text_of(name: str) -> Combinable:
    """SQL for a user field as text, empty where it is missing."""
    path = field_paths()[name]
    return Coalesce(Cast(F(path), CharField()), Value("")) if path else Value("", CharField())


def locale_of(fallback: str) -> Combinable:
    """SQL for the language to write in: the person's, else the host's column, else `fallback`."""
    person = Subquery(Person.objects.filter(user=OuterRef("pk")).values("locale")[:1])
    return Coalesce(NullIf(person, Value("")), NullIf(text_of("locale"), Value("")), Value(fallback))


def key_or_none(value: str) -> Any:
    """`value` as a primary key of the user model, or None if it cannot be one."""
    try:
        key = get_user_model()._meta.pk.to_python(value)
    except (ValidationError, ValueError):
        return None
    return None if isinstance(key, int) and not 0 <= key < 2**63 else key


def matching(values: Iterable[str]) -> dict[str, Any]:
    """The key of the user that each value means: the key if it is a valid one, else the user name.

    `name=…` is always a user name. Values that mean nobody are left out.
    """
    values = [value for value in values if "\x00" not in value]  # PostgreSQL cannot even be asked
    keys = {value: key_or_none(value) for value in values if not value.startswith("name=")}
    existing = set(
        users().filter(pk__in=[k for k in keys.values() if k is not None]).values_list("pk", flat=True)
    )
    found = {value: key for value, key in keys.items() if key in existing}
    names = {value: value.removeprefix("name=") for value in values if value not in found}
    if names:
        field = get_user_model().USERNAME_FIELD
        by_name = dict(users().filter(**{f"{field}__in": list(names.values())}).values_list(field, "pk"))
        found |= {value: by_name[name] for value, name in names.items() if name in by_name}
    return found


def find(value: str) -> Any:
    """The user meant by `value`, as in `matching`; None if there is none."""
    key = matching([value]).get(value)
    return None if key is None else users().filter(pk=key).first()


def recipients(keys: Iterable[Any]) -> dict[Any, Recipient]:
    """Each existing user among `keys`, as channels see them."""
    found = (
        users()
        .filter(pk__among=list(keys))
        .annotate(tocsin_name=text_of("name"), tocsin_email=text_of("email"))
    )
    return {row[0]: Recipient(*row) for row in found.values_list("pk", "tocsin_name", "tocsin_email")}


def _forget(**given: Any) -> None:
    if given["setting"] in ("TOCSIN", "AUTH_USER_MODEL"):
        field_paths.cache_clear()


setting_changed.connect(_forget)


class Known(NamedTuple):
    """A user as sending needs them."""

    recipient: Recipient | None
    active: bool
    refuses: bool
    """Whether they refuse anything at all on the channel."""
    time_zone: str
    """What they or the host's column say; empty for nothing."""
    dnd_until: datetime | None
    windows: list[dict[str, Any]]


class Quiet(NamedTuple):
    """What is remembered of when a person wants to be told."""

    time_zone: str = ""
    dnd_until: datetime | None = None
    windows: list[dict[str, Any]] | None = None


def known(keys: Iterable[Any], channel: str) -> dict[Any, Known]:
    """What sending on a channel needs of users, by two statements."""
    keys = list(keys)
    off = Case(When(inactive(), then=Value(True)), default=Value(False), output_field=BooleanField())
    refused = Preference.objects.filter(user=OuterRef("pk"), channel=channel, wanted=False)
    rows = (
        users()
        .filter(pk__among=keys)
        .annotate(
            tocsin_off=off,
            tocsin_name=text_of("name"),
            tocsin_email=text_of("email"),
            tocsin_zone=text_of("time_zone"),
            tocsin_refuses=Exists(refused),
        )
        .values_list("pk", "tocsin_name", "tocsin_email", "tocsin_off", "tocsin_refuses", "tocsin_zone")
    )
    kept = Person.objects.filter(user__among=keys).values_list("user", *Quiet._fields)
    quiet = {row[0]: Quiet(*row[1:]) for row in kept}
    found = {}
    for pk, name, email, is_off, refuses, zone in rows:
        own = quiet.get(pk, _NEVER_SAID)
        found[pk] = Known(
            Recipient(pk, name, email),
            not is_off,
            refuses,
            own.time_zone or zone,
            own.dnd_until,
            own.windows or [],
        )
    return found


_NEVER_SAID = Quiet()
