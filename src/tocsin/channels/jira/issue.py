"""What Jira says of an issue and of its transitions, and the marks by which tocsin knows its own. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.channels.base import Cause, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.channels.base import Message

KEY = re.compile(r"[A-Z][A-Z0-9_]*-[0-9]{1,12}", re.ASCII)
PROPERTY, CLOSING = "tocsin", "tocsin-closing"
"""Properties, of an issue or a comment, which say what message made it; and of an issue what message closes it."""
DONE = "done"
MOST_NAMES = 5
BEFORE, AFTER = 40, 60
"""Of the newest key that the search knows: it may know a later issue sooner. Jira Cloud gives a hundred at a time."""


class Issue(NamedTuple):
    """An issue as it is now."""

    key: str
    is_done: bool
    made_by: str = ""
    """The key of the message that made it."""
    closed_by: str = ""
    """The key of the message that was about to close it."""


class Transition(NamedTuple):
    """A way that leads an issue into another status."""

    id: str
    name: str
    status: str
    is_done: bool
    fields: Mapping[str, Any]
    """What its screen offers, by id."""


def marker_of(message: Message) -> str:
    """The label by which the issue of a group is found again; without a group that of the message itself."""
    group = message.group
    named = f"group\0{message.event.organization}\0{group}" if group else f"message\0{message.key}"
    return f"tocsin-{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def mark(message: Message) -> dict[str, str]:
    """What the property of an issue or a comment says."""
    return {"key": message.key, "event": message.event.id, "delivery": f"d{message.delivery_id}"}


def issue_in(answer: Mapping[str, Any]) -> Issue | None:
    """The issue of an answer; None where that is none."""
    key = answer.get("key")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        return None
    status, properties = _dict(_dict(answer.get("fields")).get("status")), _dict(answer.get("properties"))
    made, closing = (_dict(properties.get(name)).get("key", "") for name in (PROPERTY, CLOSING))
    return Issue(key, _is_done(status), str(made), str(closing))


def likeliest(answer: Mapping[str, Any]) -> str:
    """The key of the newest issue found that is open, else of the newest; empty where there is none."""
    found = [issue for issue in map(issue_in, _dicts(answer.get("issues"))) if issue]
    still_open = [issue for issue in found if not issue.is_done]
    return (still_open or found)[0].key if found else ""


def keys_about(newest: str) -> list[str]:
    """The keys that the issues made last have; `newest` is that of one of them. Those of a project count up."""
    project, _, number = newest.rpartition("-")
    return [f"{project}-{each}" for each in range(max(1, int(number) - BEFORE + 1), int(number) + AFTER + 1)]


def own_in(answer: Mapping[str, Any], message: Message) -> Issue | None:
    """The issue that this message made, where it is among those of the answer."""
    found = [issue for issue in map(issue_in, _dicts(answer.get("issues"))) if issue]
    return next((issue for issue in found if issue.made_by == message.key), None)


def has_comment_of(answer: Mapping[str, Any], message: Message) -> bool:
    """Whether one of these comments was made by this message."""
    properties = [
        each for comment in _dicts(answer.get("comments")) for each in _dicts(comment.get("properties"))
    ]
    values = [_dict(each.get("value")) for each in properties if each.get("key") == PROPERTY]
    return any(value.get("key") == message.key for value in values)


def transitions_in(answer: Mapping[str, Any]) -> list[Transition]:
    """The transitions that the account may make now."""
    return [
        Transition(
            str(each.get("id", "")),
            str(each.get("name", "")),
            str(_dict(each.get("to")).get("name", "")),
            _is_done(_dict(each.get("to"))),
            _dict(each.get("fields")),
        )
        for each in _dicts(answer.get("transitions"))
        if each.get("isAvailable") is not False
    ]


def closing(transitions: list[Transition], wanted: str) -> dict[str, Any] | Rejected:
    """The body of the transition that closes; by its name, by its status, or else the first into "done"."""
    name = wanted.casefold()
    by_name = [each for each in transitions if each.name.casefold() == name]
    by_status = [each for each in transitions if each.status.casefold() == name]
    fit = by_name or by_status if wanted else [each for each in transitions if each.is_done]
    if not fit:
        return Rejected(Cause.BAD_SETTINGS, _no_way(transitions, wanted))
    body: dict[str, Any] = {"transition": {"id": fit[0].id}}
    needed = {field: given for field, given in fit[0].fields.items() if _is_needed(_dict(given))}
    if "resolution" in fit[0].fields and (choice := _resolution(_dict(fit[0].fields["resolution"]))):
        body["fields"] = {"resolution": choice}
        needed.pop("resolution", None)
    if needed:
        names = ", ".join(
            safe_names(str(_dict(given).get("name") or field) for field, given in needed.items())
        )
        told = (
            f"The transition that closes asks for {names}: name another in close_with, or ask for less there."
        )
        return Rejected(Cause.BAD_SETTINGS, told)
    return body


def safe_names(names: Iterator[str]) -> list[str]:
    """Those of a far side's names that may be repeated: few, short, one line."""
    return [name for name in names if re.fullmatch(r"[\w .,()/-]{1,60}", name)][:MOST_NAMES]


def _no_way(transitions: list[Transition], wanted: str) -> str:
    named = ", ".join(safe_names(each.name for each in transitions)) or "none"
    told = (
        f"No transition or status {wanted!r}"
        if wanted
        else 'No transition to a status of the category "Done"'
    )
    return f"{told} can be reached from where the issue is. Set close_with to one of what there is: {named}."


def _is_needed(field: Mapping[str, Any]) -> bool:
    return bool(field.get("required")) and not field.get("hasDefaultValue")


def _resolution(field: Mapping[str, Any]) -> dict[str, str] | None:
    """The resolution "Done" where there is one, else the first."""
    offered = [each for each in _dicts(field.get("allowedValues")) if isinstance(each.get("id"), str)]
    named = [each for each in offered if str(each.get("name")).casefold() in {"done", "fixed", "resolved"}]
    return {"id": (named or offered)[0]["id"]} if offered else None


def _is_done(status: Mapping[str, Any]) -> bool:
    return _dict(status.get("statusCategory")).get("key") == DONE


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
