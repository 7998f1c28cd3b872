"""What is told, and the one call that tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.errors import FieldError, InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tocsin.events.accept import Accepted

__all__ = ["AbstractNotification", "notify"]

NAMES = {"type": "key", "channel": "force_channel", "due_at": "due_datetime", "about": "context_id"}
"""What our fields are called here."""


@dataclass
class AbstractNotification:
    """What is told. `body` is HTML or plain text; `due_datetime` without a zone is in the site's zone."""

    key: str
    title: str
    body: str = ""
    due_datetime: datetime | None = None
    check_query: str | None = None
    context_tablename: str | None = None
    context_id: int | str | None = None


def notify(
    request: Any,
    abstract: AbstractNotification,
    group_names: Iterable[str] = (),
    user_ids: Iterable[int] = (),
    company_id: int | str | None = None,
    *,
    follower_user_id: int | str | None = None,
    account_type: str | None = None,
    force_channel: str | None = None,
) -> Accepted:
    """Tell groups, users, a company's people, or who looks after an account, now or when it is due.

    All are resolved when it is due. Raises `InvalidInput` with every wrong argument; then nothing is stored.
    """
    from tocsin import pipeline
    from tocsin.adapters.endi.markdown import markdown_of

    _refuse(abstract)
    to = [*_people(group_names, user_ids), *_company(company_id), *_follower(follower_user_id, account_type)]
    if not to:
        raise invalid(
            "group_names", "Nobody is named.", "Name groups, users, a company or a followed account."
        )
    try:
        return pipeline.notify(
            abstract.key,
            title=abstract.title,
            body=markdown_of(abstract.body or ""),
            to=to,
            due_at=_aware(abstract.due_datetime),
            about=_about(abstract),
            channel=force_channel or "",
            actor=_actor(request),
        )
    except InvalidInput as error:
        raise InvalidInput(*map(_renamed, error.errors)) from None


def _refuse(abstract: AbstractNotification) -> None:
    if abstract.check_query:
        raise invalid(
            "check_query",
            "is SQL, which is not run here.",
            "Write @tocsin.check('still-unpaid') and tocsin.notify(…, still_valid='still-unpaid'), which asks it "
            "when it is due; or tocsin.cancel(about=…) when the matter is settled.",
        )
    if (abstract.context_tablename is None) != (abstract.context_id is None):
        raise invalid("context_id", "goes with context_tablename.", "Give both, or none.")


def _people(group_names: Iterable[str], user_ids: Iterable[int]) -> Iterator[str]:
    for name, given in (("group_names", group_names), ("user_ids", user_ids)):
        if isinstance(given, str):
            raise invalid(name, "must be a list.", f"Write {name}=[{given!r}].")
    yield from (f"group:{name}" for name in group_names or ())
    yield from (f"user:{key}" for key in user_ids or ())


def _company(company_id: int | str | None) -> Iterator[str]:
    """A company is a team of the organization, by its number or its slug."""
    if company_id is not None:
        yield f"team:{_team(company_id, 'company_id')}"


def _follower(user_id: int | str | None, account_type: str | None) -> Iterator[str]:
    """Who looks after an account: a person's, or a company's; or everyone who has an account of a type."""
    if user_id is None:
        if account_type:
            yield f"group:{account_type}"
    elif account_type in (None, "", "user"):
        yield f"account_manager:user={user_id}"
    elif account_type == "company":
        yield f"account_manager:team={_team(user_id, 'follower_user_id')}"
    else:
        raise invalid("account_type", f"{account_type!r} is not known.", "Use 'user' or 'company'.")


def _team(named: int | str, name: str) -> str:
    from tocsin.tenants.models import Team
    from tocsin.tenants.organizations import organization_id

    teams = Team.objects.filter(organization=organization_id())
    by = {"pk": int(named)} if str(named).isdigit() and len(str(named)) < 19 else {"slug": str(named)}
    slug = teams.filter(**by).values_list("slug", flat=True).first()
    if slug is None:
        raise invalid(name, f"{named!r} is no company.", "Make a team of it: tocsin team create.")
    return str(slug)


def _aware(due: datetime | None) -> datetime | None:
    from django.utils import timezone

    if due is None or timezone.is_aware(due):
        return due
    return timezone.make_aware(due, timezone.get_default_timezone())


def _about(abstract: AbstractNotification) -> str:
    return "" if abstract.context_id is None else f"{abstract.context_tablename}/{abstract.context_id}"


def _actor(request: Any) -> Any:
    """The person who asks, of a Django request; of any other nobody."""
    from django.db.models import Model

    user = getattr(request, "user", None)
    return user if isinstance(user, Model) or isinstance(getattr(user, "_wrapped", None), Model) else None


def _renamed(error: FieldError) -> FieldError:
    first, dot, rest = error.field.partition(".")
    return FieldError(NAMES.get(first, first) + dot + rest, error.message, error.remedy)
