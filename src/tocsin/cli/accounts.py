"""Making users, in whatever user model the project has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from tocsin.errors import FieldError, InvalidInput, invalid
from tocsin.recipients import audiences, users

if TYPE_CHECKING:
    from collections.abc import Sequence


def create_user(
    name: str,
    *,
    email: str = "",
    groups: Sequence[str] = (),
    password: str | None = None,
    admin: bool = False,
) -> Any:
    """Create a user, with groups that are made where they are missing. Raises `InvalidInput`."""
    if groups and not audiences.has_groups():
        raise invalid("group", "is not known: the project's users have no groups.", "Leave --group out.")
    made = _unsaved(name, email, admin=admin)
    _set_password(made, password)
    try:
        made.full_clean()
    except ValidationError as error:
        raise InvalidInput(*_field_errors(made, error)) from None
    with transaction.atomic():
        made.save()
        if groups:
            from django.contrib.auth.models import Group

            made.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return made


def _unsaved(name: str, email: str, *, admin: bool) -> Any:
    model = get_user_model()
    fields: dict[str, Any] = {model.USERNAME_FIELD: model.normalize_username(name)}
    email_field = getattr(model, "EMAIL_FIELD", "email")
    if email and not users.has_field(email_field):
        raise invalid("email", "is not known: the project's users have no such field.", "Leave --email out.")
    if email:
        fields[email_field] = email
    if admin:
        fields |= {flag: True for flag in ("is_staff", "is_superuser") if users.has_field(flag)}
    return model(**fields)


def _set_password(made: Any, password: str | None) -> None:
    if password is None:
        made.set_unusable_password()
        return
    try:
        validate_password(password, made)
    except ValidationError as error:
        raise InvalidInput(*(FieldError("password", said) for said in error.messages)) from None
    made.set_password(password)


def _field_errors(made: Any, error: ValidationError) -> list[FieldError]:
    names = {made.USERNAME_FIELD: "name", getattr(made, "EMAIL_FIELD", "email"): "email"}
    return [
        FieldError(names.get(field, field), " ".join(messages))
        for field, messages in error.message_dict.items()
    ]
