"""Headers that the owner of a webhook adds to each request: which may be, and how they are written. Pure."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MOST_HEADERS, MOST_CHARACTERS = 20, 4096
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OUR_FAMILIES = ("webhook-", "proxy-")


class HeadersField(forms.JSONField):
    """An object of texts: {"Authorization": "Bearer …"}. Errors name the header, never its value."""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "maxProperties": MOST_HEADERS,
        "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
    }

    def clean(self, value: Any) -> dict[str, str] | None:
        found = super().clean(value)
        if found is None:
            return None
        if not isinstance(found, dict):
            raise ValidationError(_('Must be an object, such as {"Authorization": "Bearer …"}.'))
        _check(found)
        return found


def _check(headers: dict[str, Any]) -> None:
    """Raise ValidationError where a header is malformed, ours to write, or one too many."""
    if len(headers) > MOST_HEADERS:
        raise ValidationError(_("At most %(most)s headers."), params={"most": MOST_HEADERS})
    for name, value in headers.items():
        if problem := _problem(name, value):
            raise ValidationError(problem, params={"name": ascii(name)[1:-1][:100]})
    if len({name.lower() for name in headers}) < len(headers):
        raise ValidationError(_("A header is there twice; upper and lower case are the same."))
    if sum(len(name) + len(value) for name, value in headers.items()) > MOST_CHARACTERS:
        raise ValidationError(_("At most %(most)s characters in all."), params={"most": MOST_CHARACTERS})


def _problem(name: str, value: object) -> Any:
    if not _NAME.fullmatch(name):
        return _("“%(name)s” is no name of a header: letters, digits and hyphens, at most 100.")
    if name.lower() in _OURS or name.lower().startswith(_OUR_FAMILIES):
        return _("%(name)s is written by tocsin itself. Leave it out.")
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        return _(
            "The value of %(name)s must be text of printable ASCII characters, without a space at either end."
        )
    return ""
