"""What the pages' forms share: the domain's complaints are put beside the fields that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms


def place(form: forms.BaseForm, error: InvalidInput, name_of: Callable[[str], str] = str) -> None:
    """Put each error at the field whose name `name_of` makes of its path; at the form's head where there is none.

    The form keeps what was typed, and is shown again with status 422.
    """
    for one in error.errors:
        said = f"{one.message} {one.remedy}".strip()
        name = name_of(one.field)
        if name not in form.fields:
            name = name.split(".")[0]
        known = name in form.fields
        form.add_error(name if known else None, said if known else f"{one.field}: {said}")


def attempt(form: forms.Form, field: str | None, act: Callable[[], Any]) -> bool:
    """Do what a form asks; whether it was done. Where not, the form says why: a conflict stands at `field`."""
    try:
        act()
    except InvalidInput as error:
        place(form, error)
    except Conflict as error:
        form.add_error(field, str(error))
    return not form.errors
