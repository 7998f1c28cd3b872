"""The setting of handlers, read as it stands: what we have channels for becomes rules, the rest is run as it is."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from tocsin import conf
from tocsin.adapters.taskmanager import CARRIER, SETTING, given
from tocsin.adapters.taskmanager.levels import result_of
from tocsin.adapters.taskmanager.notifications import channels_of, listed
from tocsin.conf import nearest
from tocsin.errors import InvalidInput, invalid
from tocsin.sources.tasks.report import EVENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.adapters.taskmanager.notifications import NotificationHandler

MODULE = "taskmanager.notifications"
OURS = {
    f"{MODULE}.SlackNotificationHandler": ("slack", ("token", "channel")),
    f"{MODULE}.MailNotificationHandler": ("email", ("from_email", "recipients")),
    f"{MODULE}.EmailNotificationHandler": ("email", ("from_email", "recipients")),
}
"""Handlers that our channels stand in for, and the arguments that they take."""
EMPTY: tuple[Any, ...] = ("", None, [], ())


@dataclass(frozen=True, slots=True)
class Handler:
    """One entry of the setting."""

    name: str
    path: str
    level: str
    options: dict[str, Any] = field(repr=False)
    """What is neither class nor level: arguments, with secrets among them."""

    def make(self) -> NotificationHandler:
        """The handler itself. Raises whatever importing and making it raises."""
        found: NotificationHandler = import_string(self.path)(**self.options, level=self.level)
        return found


def as_rules() -> Iterator[tuple[str, dict[str, Any] | InvalidInput]]:
    """The handlers as operator rules, each with the place where it is written."""
    if CARRIER not in conf.get("ADAPTERS"):
        return
    entries = given()
    if not isinstance(entries, dict):
        yield SETTING, invalid(CARRIER, "must be a dict.", "Write {name: {'class': …, 'level': …}}.")
        return
    for name, entry in entries.items():
        try:
            yield f"{SETTING}[{name!r}]", _rule(_handler(str(name), entry))
        except InvalidInput as error:
            yield f"{SETTING}[{name!r}]", error


def find(name: str) -> Handler:
    """The handler of this name. Raises `InvalidInput` where it is gone."""
    entries = given()
    if name not in entries:
        raise invalid("handler", f"{name!r} is gone from the settings.", nearest(name, entries))
    return _handler(name, entries[name])


def _handler(name: str, entry: Any) -> Handler:
    if not isinstance(entry, dict) or not isinstance(entry.get("class"), str):
        raise invalid("class", "is missing.", "Give the dotted path of a handler's class.")
    options = {key: value for key, value in entry.items() if key not in ("class", "level")}
    return Handler(name, entry["class"], result_of(entry.get("level", "ok")), options)


def _rule(handler: Handler) -> dict[str, Any]:
    slug = re.sub(r"[^a-z0-9_-]+", "-", handler.name.lower()).strip("-") or "handler"
    rule = {"name": f"{CARRIER}-{slug}"[:30], "level": handler.level, "event_types": [EVENT_TYPE]}
    if handler.path in OURS:
        channel, known = OURS[handler.path]
        for option in handler.options:
            if option not in known:
                raise invalid(option, "is no argument of this handler.", nearest(option, known))
        return {**rule, "channel": channel, "settings": _settings(channel, handler.options)}
    empty = {option: value for option, value in handler.options.items() if value in EMPTY}
    if not empty:
        _judge(handler)
    return {**rule, "channel": CARRIER, "settings": {"handler": handler.name, **empty}}


def _settings(channel: str, options: dict[str, Any]) -> dict[str, Any]:
    made = dict(options)
    many, read = ("channel", channels_of) if channel == "slack" else ("recipients", listed)
    if made.get(many) and isinstance(made[many], str | list | tuple):
        made[many] = read(made[many])
    return made


def _judge(handler: Handler) -> None:
    """Raise `InvalidInput` where a handler cannot be made with these arguments."""
    try:
        found = import_string(handler.path)
    except Exception as error:
        raise invalid("class", f"{handler.path!r} cannot be imported: {error}.", "Mend the path.") from None
    if not (callable(getattr(found, "handle", None)) or callable(getattr(found, "emit", None))):
        raise invalid(
            "class", f"{handler.path!r} has no handle() and no emit().", "Derive it from NotificationHandler."
        )
    try:
        inspect.signature(found).bind(**handler.options, level=handler.level)
    except (TypeError, ValueError) as error:
        raise invalid(
            "class", f"cannot be made with these arguments: {error}.", "Mend the arguments."
        ) from None
