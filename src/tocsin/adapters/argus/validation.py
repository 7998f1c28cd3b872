"""Asking a plugin about settings, by whichever of the documented signatures it has, and its errors in our words."""

from __future__ import annotations

import inspect
import logging
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from tocsin.adapters.argus.views import User
from tocsin.errors import FieldError, InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger("tocsin.adapters")


def clean(plugin: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Settings as the plugin cleans them. Raises `InvalidInput` with its errors by field.

    Whose they are is not known yet: the owner's other destinations are looked at when it is saved.
    """
    user = User()
    data = {"settings": given, "media": plugin.MEDIA_SLUG, "label": ""}
    with worded("settings"):
        answer = _asked(plugin, data, user)
    answer = getattr(answer, "cleaned_data", answer)  # some answer with a form
    if isinstance(answer, dict) and isinstance(answer.get("settings"), dict):
        answer = answer["settings"]
    return {**given, **answer} if isinstance(answer, dict) else given


def _asked(plugin: Any, data: dict[str, Any], user: User) -> Any:
    if hasattr(plugin, "validate"):
        method = maker(plugin, "validate")
        names = list(inspect.signature(method).parameters)
        if names[:1] == ["data"]:
            return method(data, user)
        context = {"request": SimpleNamespace(user=user, data=data)}
        first = SimpleNamespace(context=context, instance=None, initial_data=data)
        return method(*(first, data, user)[: max(2, len(names))])
    if hasattr(plugin, "validate_settings") and hasattr(plugin, "Form"):
        return maker(plugin, "validate_settings")(data, user)
    return data["settings"]


def maker(plugin: Any, name: str) -> Callable[..., Any]:
    """A method of a plugin that can be called: of the class, or of an object where it needs one."""
    found = inspect.getattr_static(plugin, name)
    if isinstance(found, staticmethod | classmethod):
        bound: Callable[..., Any] = getattr(plugin, name)
        return bound
    return getattr(plugin(), name)  # type: ignore[no-any-return]


@contextmanager
def worded(field: str) -> Iterator[None]:
    """ValidationErrors of Django and of DRF as `InvalidInput`; any other failure is the plugin's, and said so."""
    try:
        yield
    except InvalidInput:
        raise
    except Exception as error:
        found = list(_errors(error, field))
        if found:
            raise InvalidInput(*found) from None
        logger.exception("a plugin failed when it was asked about settings")
        words = f"cannot be judged: the plugin raised {type(error).__name__}."
        raise invalid(field, words, "Its traceback is in the log.") from None


def _errors(error: Exception, field: str) -> Iterator[FieldError]:
    detail: Any = getattr(error, "detail", None)
    if isinstance(error, ValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
    elif detail is None:
        return
    named = detail if isinstance(detail, dict) else {NON_FIELD_ERRORS: detail}
    for name, said in named.items():
        place = field if name in (NON_FIELD_ERRORS, "non_field_errors") else str(name)
        for one in said if isinstance(said, list | tuple) else [said]:
            yield FieldError(place, str(one))
