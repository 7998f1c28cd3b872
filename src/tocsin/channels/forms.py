"""The declaration of a destination's settings: a Django form that also gives JSON Schema and identity."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.views.decorators.debug import sensitive_variables

from tocsin.channels.redact import hide
from tocsin.conf import nearest
from tocsin.errors import FieldError, InvalidInput

MOST_NAMED = 50
"""Of unknown settings: to look for the nearest name of each takes time."""
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What one line of text may not hold: it would forge others, in a header or in a log."""


class SettingsForm(forms.Form):
    """Base of a channel's settings.

    `identity_fields` name the fields that make two destinations the same; `secret_fields` name those that
    are encrypted at rest and never shown. An identity with a secret in it is stored as a digest.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ()
    secret_fields: ClassVar[tuple[str, ...]] = ()
    operator_fields: ClassVar[tuple[str, ...]] = ()
    """Optional settings that only the operator may give: nobody else is told of them."""
    by_operator: bool = False
    """Whether the operator gives these settings, who may do what is too dangerous for everyone."""


@dataclass(frozen=True, slots=True)
class CleanSettings:
    """What the form made of the input: open and secret values apart, and the identity of both."""

    open: dict[str, Any]
    secret: dict[str, Any] = field(repr=False)
    identity: str
    made: dict[str, Any] = field(repr=False, default_factory=dict)
    """Of the secrets those that the form made itself: their owner must be shown them once."""


def as_validation_error(error: InvalidInput) -> forms.ValidationError:
    """What another check found, as the error of the form's field that asked it."""
    return forms.ValidationError([f"{found.message} {found.remedy}".strip() for found in error.errors])


@sensitive_variables()
def clean_settings(
    form_class: type[SettingsForm], given: object, prefix: str = "settings", *, by_operator: bool = False
) -> CleanSettings:
    """Validate and clean `given`. Raises `InvalidInput` with one error per field."""
    if not isinstance(given, dict):
        raise InvalidInput(FieldError(prefix, "must be an object.", "Send the settings as {name: value}."))
    known = form_class.base_fields if by_operator else declared_fields(form_class)
    unknown = [name for name in given if name not in known][:MOST_NAMED]
    if unknown:
        raise InvalidInput(
            *(
                FieldError(f"{prefix}.{name}", "is no setting of this channel.", nearest(str(name), known))
                for name in unknown
            )
        )
    form = form_class(data=given)
    form.by_operator = by_operator
    if not form.is_valid():
        raise InvalidInput(
            *(
                FieldError(f"{prefix}.{name}" if name != "__all__" else prefix, " ".join(map(str, errors)))
                for name, errors in form.errors.items()
            )
        )
    _refuse_many(form_class, given, prefix)
    cleaned = {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
    _refuse_controls(form_class, cleaned, prefix)
    secret = {name: hide(value) for name, value in cleaned.items() if name in form_class.secret_fields}
    return CleanSettings(
        open={name: value for name, value in cleaned.items() if name not in form_class.secret_fields},
        secret=secret,
        identity=identity_of(form_class, cleaned),
        made={name: value for name, value in secret.items() if not given.get(name)},
    )


def _refuse_many(form_class: type[SettingsForm], given: dict[str, Any], prefix: str) -> None:
    """Raise `InvalidInput` for lists, objects and truth values where one text is meant."""
    unfit = [name for name, value in given.items() if not _takes(form_class.base_fields[name], value)]
    if unfit:
        told = "must be a single value."
        raise InvalidInput(*(FieldError(f"{prefix}.{n}", told, "Send a string or a number.") for n in unfit))


def _takes(declared: forms.Field, value: object) -> bool:
    """Whether a value is of the kind that the field means; a form would make a text of anything."""
    if isinstance(declared, forms.JSONField | forms.MultipleChoiceField):
        return True
    if isinstance(value, bool):
        return isinstance(declared, forms.BooleanField)
    return not isinstance(value, list | dict)


def _refuse_controls(form_class: type[SettingsForm], cleaned: dict[str, Any], prefix: str) -> None:
    """Raise `InvalidInput` for control characters in a field of one line, which a Textarea is not."""
    lines = [n for n, field in form_class.base_fields.items() if not isinstance(field.widget, forms.Textarea)]
    unfit = [n for n in lines if isinstance(text := cleaned.get(n), str) and UNFIT.search(text)]
    if unfit:
        told = "has line breaks or control characters."
        raise InvalidInput(*(FieldError(f"{prefix}.{n}", told, "Write it in one line.") for n in unfit))


def identity_of(form_class: type[SettingsForm], cleaned: dict[str, Any]) -> str:
    """The address itself where it is one open field, else an unkeyed digest (so key rotation keeps it)."""
    fields = form_class.identity_fields
    if len(fields) == 1 and fields[0] not in form_class.secret_fields:
        return str(cleaned.get(fields[0], ""))
    canonical = json.dumps([cleaned.get(name) for name in fields], ensure_ascii=False, default=str)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def declared_fields(form_class: type[SettingsForm]) -> dict[str, forms.Field]:
    """The fields that everyone may fill."""
    fields = form_class.base_fields
    return {name: declared for name, declared in fields.items() if name not in form_class.operator_fields}


def json_schema(form_class: type[SettingsForm]) -> dict[str, Any]:
    """JSON Schema of the settings, for `/api/v1/channels` and for other people's forms."""
    properties = {}
    for name, declared in declared_fields(form_class).items():
        schema = _field_schema(declared)
        schema["title"] = str(declared.label or name.replace("_", " ").capitalize())
        if declared.help_text:
            schema["description"] = str(declared.help_text)
        if name in form_class.secret_fields:
            schema["writeOnly"] = True
        properties[name] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name, declared in form_class.base_fields.items() if declared.required],
        "additionalProperties": False,
    }


def _field_schema(declared: forms.Field) -> dict[str, Any]:
    if isinstance(declared, forms.BooleanField):
        return {"type": "boolean"}
    if isinstance(declared, forms.IntegerField):
        return {"type": "integer"}
    if isinstance(declared, forms.JSONField):
        return dict(getattr(declared, "json_schema", {"type": "object"}))
    schema: dict[str, Any] = {"type": "string"}
    if isinstance(declared, forms.ChoiceField):
        schema["enum"] = [value for value, _ in declared.choices]  # type: ignore[union-attr, misc]
    elif isinstance(declared, forms.EmailField):
        schema["format"] = "email"
    elif isinstance(declared, forms.URLField):
        schema["format"] = "uri"
    if isinstance(declared, forms.CharField) and declared.max_length:
        schema["maxLength"] = declared.max_length
    return schema
