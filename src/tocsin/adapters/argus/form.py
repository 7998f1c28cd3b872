"""The form of a plugin's settings, made of its own form or of its JSON Schema."""

from __future__ import annotations

import copy
import re
from typing import Any

from django import forms

from tocsin.adapters.argus import validation
from tocsin.channels.base import SettingsForm
from tocsin.errors import InvalidInput

SECRET = re.compile(
    r"token|secret|password|passwd|api_?key|hook|(?:\b|_)key\b|destination_url", re.IGNORECASE
)
"""Settings whose name says that not everybody should read them: Argus keeps no list of them."""


def form_of(plugin: Any) -> type[SettingsForm]:
    """One field for each setting; the plugin itself has the last word on all of them."""
    own = _own_form(plugin)
    declared = own.base_fields if own is not None else _of_schema(plugin)
    fields = {name: copy.deepcopy(field) for name, field in declared.items()}
    schema = _properties(plugin)
    secret = [name for name in fields if schema.get(name, {}).get("writeOnly") or SECRET.search(name)]
    key = getattr(plugin, "MEDIA_SETTINGS_KEY", "")
    required = [name for name, field in fields.items() if field.required]
    return type(f"{plugin.__name__}Form", (PluginForm,), {
        **fields, "plugin": plugin, "secret_fields": tuple(secret),
        "identity_fields": (key,) if key in fields else tuple(required or fields),
    })  # fmt: skip


class PluginForm(SettingsForm):
    """Base of these forms."""

    plugin: Any = None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = dict(super().clean() or {})
        if self.errors:
            return cleaned
        try:
            made = validation.clean(self.plugin, cleaned)
        except InvalidInput as error:
            for one in error.errors:
                self.add_error(
                    one.field if one.field in self.fields else None, f"{one.message} {one.remedy}".strip()
                )
            return cleaned
        return {name: _plain(value) for name, value in made.items() if name in self.fields}


def _plain(value: Any) -> Any:
    """What can be kept as JSON: phone numbers and the like become text."""
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def _own_form(plugin: Any) -> Any:
    found = getattr(plugin, "Form", None)
    return found if isinstance(found, type) and issubclass(found, forms.BaseForm) else None


def _properties(plugin: Any) -> dict[str, Any]:
    found = (getattr(plugin, "MEDIA_JSON_SCHEMA", None) or {}).get("properties", {})
    return found if isinstance(found, dict) else {}


def _of_schema(plugin: Any) -> dict[str, forms.Field]:
    required = (getattr(plugin, "MEDIA_JSON_SCHEMA", None) or {}).get("required", [])
    return {name: _field(given, name in required) for name, given in _properties(plugin).items()}


def _field(given: dict[str, Any], required: bool) -> forms.Field:
    said = {"label": given.get("title"), "help_text": given.get("description", ""), "required": required}
    match given.get("type"):
        case "boolean":
            return forms.BooleanField(**{**said, "required": False})
        case "integer":
            return forms.IntegerField(**said)
        case "array" | "object":
            return forms.JSONField(**said)
        case _ if given.get("enum"):
            return forms.ChoiceField(choices=[(one, one) for one in given["enum"]], **said)
        case _ if given.get("format") in ("uri", "iri", "url"):
            return forms.URLField(assume_scheme="https", **said)
        case _:
            return forms.CharField(max_length=given.get("maxLength", 2000), **said)
