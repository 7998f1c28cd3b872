"""The values of a service, judged by what Apprise says of them. Pure: plugins are only asked what they declare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from tocsin.conf import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    from django.utils.functional import Promise

    from tocsin.channels.apprise.allowed import Service

    class Declared(Protocol):
        """What is asked of a plugin's class."""

        template_tokens: dict[Any, Any]


MAX_CHARACTERS = 1000
_FROM_A_URL = ("user", "password")
"""Arguments that Apprise takes for parts of a URL and unquotes."""
_FOR_PEOPLE = ("botname",)


def cleaned(given: Mapping[Any, Any], service: Service, plugin: Declared) -> dict[str, str]:
    """The values as text, in one order. Raises `ValidationError` with everything that is wrong; repeats no value."""
    known = (*service.needed, *service.optional)
    errors: list[str] = [
        str(_("%(name)s is no value of %(service)s. %(remedy)s"))
        % {"name": _shown(name), "service": service.name, "remedy": nearest(str(name), known)}
        for name in given
        if name not in known
    ]
    values = {}
    for name in known:
        value = given.get(name)
        if value in (None, ""):
            if name in service.needed:
                errors.append(str(_("%(name)s is missing.")) % {"name": name})
            continue
        values[name] = str(value)
        if not values[name].isascii() and name not in _FOR_PEOPLE:
            errors.append(str(_("%(name)s has a character outside ASCII.")) % {"name": name})
        elif problem := _problem(value, name, plugin.template_tokens):
            errors.append(f"{name} {problem}")
    if errors:
        raise ValidationError(errors)
    return values


def arguments(values: Mapping[str, str], service: Service, plugin: Declared) -> dict[str, Any]:
    """What the plugin is called with. No URL is written, so no value can say more than itself."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        declared = plugin.template_tokens[name]
        argument = declared.get("map_to", name)
        if argument in _FROM_A_URL:
            made[argument] = quote(value, safe="")
        else:
            made[argument] = [str(value)] if _is_list(argument, plugin) else str(value)
    return made | dict(service.fixed)


def _is_list(argument: str, plugin: Declared) -> bool:
    return str(plugin.template_tokens.get(argument, {}).get("type", "")).startswith("list")


def _shown(name: object) -> str:
    return repr(str(name)[:40])


def _problem(value: object, name: str, tokens: Mapping[str, Mapping[str, Any]]) -> str | Promise:
    """What is wrong with one value, or nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return _("must be text.")
    text = str(value)
    if len(text) > MAX_CHARACTERS:
        return _("is too long.")
    if not text.isprintable() or text != text.strip() or "\\" in text:
        return _("has a control character, a backslash, or a space at an end.")
    return _problem_of_text(text, name, tokens)


def _problem_of_text(text: str, name: str, tokens: Mapping[str, Mapping[str, Any]]) -> str | Promise:
    declared = tokens[name]
    if declared["type"].startswith("list"):
        kinds = [token for token in tokens.values() if token.get("map_to") == name]
        return _problem_of_target(text, kinds or [declared])
    if declared.get("map_to") == "targets":
        return _problem_of_target(text, [declared])
    if declared["type"] == "email":
        return _problem_of_email(text)
    return _problem_of_token(text, declared, whole=declared.get("map_to", name) in _FROM_A_URL)


def _problem_of_token(text: str, declared: Mapping[str, Any], *, whole: bool) -> str | Promise:
    """Where it is not handed over `whole`, a plugin may write it into the path of its own URL."""
    if not _matches(text, declared):
        return _("is not of the form that the service uses.")
    return _("has one of the characters / ? # % &.") if not whole and re.search(r"[/?#%&]", text) else ""


def _problem_of_target(text: str, kinds: Iterable[Mapping[str, Any]]) -> str | Promise:
    """One address: with several, a failure of one would send to the others again."""
    if re.search(r"[\s,;/?%&]", text):
        return _("must be one address, without spaces, commas and the characters ; / ? % &.")
    if any(_is_kind(text, kind) for kind in kinds):
        return ""
    return _("is not of the form that the service uses.")


def _is_kind(text: str, kind: Mapping[str, Any]) -> bool:
    if kind["type"] == "email":
        return not _problem_of_email(text)
    return _matches(text, kind) or _matches(text.lstrip("@#+"), kind)


def _matches(text: str, declared: Mapping[str, Any]) -> bool:
    pattern, flags = declared.get("regex") or ("", "")
    return bool(re.match(pattern, text, re.IGNORECASE if "i" in flags else 0))


def _problem_of_email(text: str) -> str | Promise:
    try:
        validate_email(text)
    except ValidationError:
        return _("must be an e-mail address.")
    return ""
