"""Promises about the class itself and the settings of its destinations."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.forms import CharField, Textarea

from tocsin.channels.forms import CleanSettings, json_schema
from tocsin.errors import InvalidInput
from tocsin.testing.contract.author import Author, promise

if TYPE_CHECKING:
    from tocsin.channels.base import Channel
    from tocsin.testing.far_side import FarSide

FORMATS = {"text", "html", "markdown", "json", "blocks", "cards"}
NO_OBJECTS: tuple[Any, ...] = ([], ["url"], "url=https://hooks.example", 5, None, True)
HUGE = 2_000_000


class SettingsPromises(Author):
    """What cannot work is refused when it is saved, not at three in the morning."""

    def test_the_class_declares_itself(self, channel: Channel) -> None:
        """The class says what it is called, what it can do, and which of its settings are secret."""
        name = type(channel).__name__
        promise(
            re.fullmatch(r"[a-z][a-z0-9_-]{0,49}", getattr(channel, "slug", "")),
            f"Set {name}.slug to at most 50 of a-z, 0-9, _ and -, a letter first.",
        )
        promise(
            str(getattr(channel, "label", "")).strip(), f"Set {name}.label to what people call the channel."
        )
        promise(channel.batch_size > 0, f"{name}.batch_size must be at least 1.")
        promise(channel.deadline_seconds > 0, f"{name}.deadline_seconds must be more than 0.")
        fields = set(channel.form.base_fields)
        named = {*channel.form.secret_fields, *channel.form.identity_fields}
        promise(named <= fields, f"{channel.form.__name__} has no field called {sorted(named - fields)}.")
        promise(
            not fields or channel.form.identity_fields,
            f"Set {channel.form.__name__}.identity_fields: two destinations are the same if these are equal.",
        )
        promise(
            not channel.address_field or channel.address_field in fields,
            f"{name}.address_field names {channel.address_field!r}, which {channel.form.__name__} does not have.",
        )

    def test_its_abilities_are_possible(self, channel: Channel) -> None:
        """The abilities that the documentation shows name known formats, and limits above zero."""
        known = channel.abilities
        promise(
            known.formats and set(known.formats) <= FORMATS,
            f"abilities.formats is {known.formats}; use one or more of {', '.join(sorted(FORMATS))}.",
        )
        for limit in ("max_characters", "max_bytes"):
            value = getattr(known, limit)
            promise(
                value is None or value > 0, f"abilities.{limit} is {value}; leave it out, or give the limit."
            )

    def test_it_is_ready_with_the_settings_of_the_operator(self, channel: Channel) -> None:
        """`not_ready` is empty where the operator has set what the channel needs, and else one sentence."""
        told = channel.not_ready()
        promise(
            told == "", f"not_ready() says {told!r}: return '' here, or give what is missing in tocsin()."
        )

    def test_valid_settings_are_accepted(self, far: FarSide, channel: Channel) -> None:
        """Valid settings are cleaned into open and secret values, and into an identity."""
        cleaned = self._accepted(self.settings(far))
        promise(
            isinstance(cleaned.identity, str) and cleaned.identity, "The identity of valid settings is empty."
        )
        secret = set(cleaned.secret) - set(channel.form.secret_fields)
        promise(not secret, f"{sorted(secret)} are kept as secret, but are not among secret_fields.")

    def test_identity_is_stable(self, far: FarSide) -> None:
        """The same settings give the same identity, in whatever order they come and however often."""
        given = self.settings(far)
        first = self._accepted(given)
        again = self._accepted(dict(reversed(given.items())))
        promise(
            first.identity == again.identity,
            "The same settings gave two identities: make it of the address alone, and take out of identity_fields "
            "whatever clean() makes up.",
        )
        stored = self._accepted(first.open | first.secret)
        promise(
            (stored.open, stored.secret, stored.identity) == (first.open, first.secret, first.identity),
            "Settings that were cleaned once are changed, or refused, when they are cleaned again, as they are when "
            "somebody edits the destination: clean() must accept what it made.",
        )

    def test_bad_settings_are_refused(self, far: FarSide, channel: Channel) -> None:
        """Settings that cannot work are refused when they are saved, by an error that names the field."""
        required = [name for name, field in channel.form.base_fields.items() if field.required]
        promise(
            self.bad_settings or not required,
            f"Give {type(self).__name__}.bad_settings: settings that must be refused, each with the field at fault.",
        )
        for given, name in self.bad_settings:
            self._refused(given, name)
        for name in required:
            self._refused({key: value for key, value in self.settings(far).items() if key != name}, name)

    def test_an_unknown_setting_is_refused(self, far: FarSide) -> None:
        """A misspelt setting is an error that names it, never ignored."""
        self._refused({**self.settings(far), "no_such_setting": "x"}, "no_such_setting")

    @pytest.mark.parametrize("given", NO_OBJECTS, ids=repr)
    def test_settings_that_are_no_object_are_refused(self, far: FarSide, given: object) -> None:
        """Settings that are a list, a text, a number or nothing are refused, and nothing fails."""
        self._refused(given, "")

    def test_settings_hold_no_control_characters(self, far: FarSide, channel: Channel) -> None:
        """A line break in a setting is refused or taken out, so that it can forge no header and no log line."""
        for name, value in self._texts(far, channel):
            given = {**self.settings(far), name: f"{value}\r\nX-Forged: yes"}
            try:
                cleaned = self.clean(given)
            except InvalidInput:
                continue
            kept = str((cleaned.open | cleaned.secret).get(name, ""))
            promise(
                "\r" not in kept and "\n" not in kept,
                f"The setting {name} may hold a line break: refuse control characters in clean_{name}().",
            )

    def test_settings_of_any_size_are_judged(self, far: FarSide, channel: Channel) -> None:
        """A setting of two million characters is refused."""
        for name, value in self._texts(far, channel):
            self._refused({**self.settings(far), name: value + "x" * HUGE}, name)

    def test_the_json_schema_says_the_same_as_the_form(self, far: FarSide, channel: Channel) -> None:
        """The JSON Schema of the settings is valid, accepts what the form accepts, and marks secrets write-only."""
        validator = _jsonschema().Draft202012Validator
        schema = json_schema(channel.form)
        validator.check_schema(schema)
        found = [
            f"{'.'.join(map(str, e.path))}: {e.message}"
            for e in validator(schema).iter_errors(self.settings(far))
        ]
        promise(
            not found,
            f"The form accepts the valid settings and its JSON Schema does not ({len(found)} errors).",
        )
        open_secrets = [
            name for name in channel.form.secret_fields if not schema["properties"][name].get("writeOnly")
        ]
        promise(not open_secrets, f"The schema does not mark {open_secrets} writeOnly.")

    def test_a_bare_address_is_the_same_destination(self, far: FarSide, channel: Channel) -> None:
        """Where an address is enough, it gives the identity that the settings give."""
        if not channel.takes_addresses:
            pytest.skip("the channel takes no bare addresses")
        cleaned = self.cleaned(far)
        address = str((cleaned.open | cleaned.secret)[channel.address_field])
        bare = self._accepted(channel.address_settings(address))
        promise(
            bare.identity == cleaned.identity,
            f"The address alone has the identity {bare.identity!r}, the settings have {cleaned.identity!r}: a "
            "destination that is named in two ways would be told twice.",
        )

    def _accepted(self, given: object) -> CleanSettings:
        try:
            return self.clean(given)
        except InvalidInput as error:
            raise AssertionError(f"Valid settings were refused: {error}") from error

    def _refused(self, given: object, name: str) -> None:
        """Fail unless these settings are refused by an error that names the field."""
        told = f"{{{', '.join(given)}}}" if isinstance(given, dict) else repr(given)
        wanted = f"settings.{name}" if name else "settings"
        try:
            self.clean(given)
        except InvalidInput as error:
            fields = [found.field for found in error.errors]
            promise(
                wanted in fields,
                f"Settings {told} were refused by {fields}, and not by {wanted}: raise the error in clean_{name}().",
            )
            promise(
                all(found.message.strip() for found in error.errors),
                f"The error of {wanted} says nothing: say what is wrong, and what to do.",
            )
        else:
            raise AssertionError(f"Settings {told} were accepted: raise ValidationError in clean_{name}().")

    def _texts(self, far: FarSide, channel: Channel) -> list[tuple[str, str]]:
        """The fields of one line of text, with their valid values."""
        given: dict[str, Any] = self.settings(far)
        fields = channel.form.base_fields.items()
        lines = [n for n, f in fields if isinstance(f, CharField) and not isinstance(f.widget, Textarea)]
        return [(name, str(given.get(name) or "x")) for name in lines]


def _jsonschema() -> Any:
    try:
        return import_module("jsonschema")
    except ImportError as error:
        raise AssertionError("This test needs jsonschema: pip install jsonschema") from error
