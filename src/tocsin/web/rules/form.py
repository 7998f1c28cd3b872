"""A rule as its form shows it and sends it: between the rule's body and the fields of the page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.errors import FieldError, InvalidInput
from tocsin.levels import Level
from tocsin.recipients.audiences import EXCEPT
from tocsin.rules.bodies import DEFAULTS
from tocsin.web.rules import builder, spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import QueryDict

    from tocsin.web.rules.choices import Choices

PEOPLE, DESTINATIONS, ACTION = "people", "destinations", "action"
NAMED = "user:name="
OF_AIM = {
    PEOPLE: ("to", "channels"),
    DESTINATIONS: ("destinations",),
    ACTION: ("service", "target", "target_identifier", "options"),
}
"""What a rule says of whom it aims at; the fields of the other aims are not sent."""


@dataclass(slots=True)
class RuleForm:
    """What the fields hold, and what is wrong with them by the field's name."""

    name: str = ""
    event_types: list[str] = field(default_factory=list)
    more_types: str = ""
    level: str = Level.INFO.slug
    projects: list[str] = field(default_factory=list)
    condition: list[builder.Row] = field(default_factory=lambda: builder.rows_of(None))
    hours_kind: str = ""
    hours: list[spans.Span] = field(default_factory=list)
    aim: str = PEOPLE
    to: list[str] = field(default_factory=list)
    people: str = ""
    others: str = ""
    except_actor: bool = False
    channels: list[str] = field(default_factory=list)
    destinations: list[str] = field(default_factory=list)
    service: str = ""
    target: str = ""
    target_identifier: str = ""
    options: str = ""
    active: bool = True
    stop: bool = False
    position: str = "0"
    version: str = ""
    errors: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, name: str, said: str) -> None:
        self.errors.setdefault(name, []).append(said)


def of_body(body: Mapping[str, Any], version: int, choices: Choices, names: Mapping[str, str]) -> RuleForm:
    """The form of a rule that is there. `names` are user names by what terms call them."""
    known = {key for key, _label in choices.types}
    offered = {term for term, _label in choices.audiences}
    rest = [term for term in body["to"] if term not in offered and term != str(EXCEPT)]
    aim = ACTION if body["service"] else DESTINATIONS if body["destinations"] else PEOPLE
    return RuleForm(
        name=body["name"],
        event_types=[key for key in body["event_types"] if key in known],
        more_types=", ".join(key for key in body["event_types"] if key not in known),
        level=body["level"],
        projects=body["projects"],
        condition=builder.rows_of(body["condition"]),
        hours_kind=next(iter(body["hours"] or {}), ""),
        hours=spans.of_json(body["hours"]),
        aim=aim,
        to=[term for term in body["to"] if term in offered],
        people=", ".join(names[term] for term in rest if term in names),
        others="\n".join(term for term in rest if term not in names),
        except_actor=str(EXCEPT) in body["to"],
        channels=body["channels"],
        destinations=body["destinations"],
        service=body["service"],
        target=body["target"],
        target_identifier=body["target_identifier"],
        options=json.dumps(body["options"], ensure_ascii=False, indent=1) if body["options"] else "",
        active=body["active"],
        stop=body["stop"],
        position=str(body["position"]),
        version=str(version),
    )


def of_post(given: QueryDict) -> RuleForm:
    """The form as it was sent, with whatever was typed."""
    text: dict[str, Any] = {
        name: given.get(name, "")
        for name in ("name", "more_types", "level", "hours_kind", "people", "others", "service", "target",
                     "target_identifier", "options", "position", "version")
    }  # fmt: skip
    lists: dict[str, Any] = {
        name: given.getlist(name) for name in ("event_types", "projects", "to", "channels", "destinations")
    }
    aim = given.get("aim", PEOPLE)
    return RuleForm(
        **text,
        **lists,
        condition=builder.posted(given),
        hours=spans.posted(given),
        aim=aim if aim in OF_AIM else PEOPLE,
        except_actor="except_actor" in given,
        active="active" in given,
        stop="stop" in given,
    )


def body_of(form: RuleForm, *, is_own: bool) -> dict[str, Any]:
    """The rule that the form means. Raises `InvalidInput` for what cannot even be read."""
    tree, _places = builder.tree_of(form.condition)
    told = {
        "to": [
            *form.to,
            *(f"{NAMED}{name}" for name in _parts(form.people, ",")),
            *_parts(form.others, "\n"),
            *([str(EXCEPT)] if form.except_actor else []),
        ],
        "channels": form.channels,
        "destinations": form.destinations,
        "service": form.service,
        "target": form.target,
        "target_identifier": form.target_identifier,
        "options": _options(form) if form.aim == ACTION else {},
    }
    if is_own:
        told["to"] = []
    aimed = {name: told[name] if name in OF_AIM[form.aim] else DEFAULTS[name] for name in told}
    return {
        "name": form.name,
        "event_types": [*form.event_types, *_parts(form.more_types, ",")],
        "level": form.level,
        "projects": form.projects,
        "condition": tree,
        "hours": spans.as_json(form.hours_kind, form.hours),
        **aimed,
        "active": form.active,
        "stop": form.stop,
        "position": _position(form),
    }


def place(form: RuleForm, errors: Iterable[FieldError]) -> None:
    """Put each error beside the field, or the row, of which it speaks."""
    _tree, places = builder.tree_of(form.condition)
    for one in errors:
        said = f"{one.message} {one.remedy}".strip()
        name, *path = one.field.split(".")
        if name == "condition":
            for left in builder.place({one.field: said}, places):
                form.wrong("condition", left)
        elif name == "hours" and spans.place(form.hours, path, said):
            continue
        else:
            form.wrong(name, said)


def _parts(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark) if part.strip()]


def _options(form: RuleForm) -> Any:
    if not form.options.strip():
        return {}
    try:
        return json.loads(form.options)
    except ValueError as error:
        told = FieldError("options", f"are no JSON: {error}.", 'Write {"name": "value"}.')
        raise InvalidInput(told) from None


def _position(form: RuleForm) -> int:
    try:
        return int(form.position.strip() or "0")
    except ValueError:
        told = FieldError("position", "must be a whole number.", "Lower ones go first.")
        raise InvalidInput(told) from None
