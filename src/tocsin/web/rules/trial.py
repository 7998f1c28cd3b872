"""Who would be told, if the rule of the form were saved: it is planned for real on an event, and rolled back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tocsin import pipeline
from tocsin.errors import InvalidInput, invalid
from tocsin.events.draft import clean_data
from tocsin.levels import Level
from tocsin.rules.index import patterns_of
from tocsin.rules.match import RuleDraft
from tocsin.rules.spec import parse_spec
from tocsin.tenants.organizations import organization_slug
from tocsin.web.rows import NAMES, channel_name
from tocsin.web.rules import form as forms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.deliveries.simulate import Simulation, Told
    from tocsin.events.models import Event
    from tocsin.rules.spec import Place, Spec
    from tocsin.web.rules.board import Work
    from tocsin.web.rules.choices import Choices

SHOWN = 50
MOST_DATA = 20_000
COPIED = (
    "title", "body", "data", "actor", "about", "url", "group_key", "status",
)  # fmt: skip
DRAFT = "rule:draft"


@dataclass(slots=True)
class Trial:
    """What came of trying, or why it could not be tried."""

    chosen: str = ""
    """The event of the past on which it is tried; "" for one that is described."""
    type: str = ""
    level: str = ""
    title: str = ""
    data: str = ""
    problem: str = ""
    matched: bool = False
    reasons: tuple[str, ...] = ()
    told: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0
    """Of whom would be told because of this rule."""
    truncated: bool = False


def try_on(given: Mapping[str, str], shown: forms.RuleForm, work: Work) -> Trial:
    """Try the rule of a form on the event that the form names. What keeps it from being tried is said."""
    place, rule, choices = work
    trial = Trial(
        chosen=given.get("on_event", ""),
        type=given.get("on_type", ""),
        level=given.get("on_level", "") or shown.level,
        title=given.get("on_title", ""),
        data=given.get("on_data", ""),
    )
    try:
        spec = parse_spec(forms.body_of(shown, is_own=place.user_pk is not None), place)
    except InvalidInput:
        trial.problem = _("Fill in the rule, and you see here who would be told.")
        return trial
    if "on_event" not in given:
        trial.chosen = _fitting(spec, choices)
    trial.type = trial.type or _type_of(spec, choices)
    try:
        fields = _event(trial, choices) | {"organization": organization_slug(place.organization)}
        draft = RuleDraft(spec, place.user_pk, rule.pk if rule else None)
        found = pipeline.simulate(fields, drafts=[draft])
    except InvalidInput as error:
        trial.problem = " ".join(str(one) for one in error.errors)
        return trial
    _tell(trial, found, place)
    return trial


def _fitting(spec: Spec, choices: Choices) -> str:
    """The newest event of the past of a kind and level that the rule is about; "" where there is none."""
    wanted = set(spec.event_types)
    fits = (one for one in choices.recent if one.level >= spec.level and wanted & set(patterns_of(one.type)))
    return next((str(one.pk) for one in fits), "")


def _type_of(spec: Spec, choices: Choices) -> str:
    """A type that the rule is about: named by it, or the first that its pattern covers."""
    for pattern in spec.event_types:
        if not pattern.endswith("*"):
            return pattern
        for key, _label in choices.types:
            if key.startswith(pattern[:-1]):
                return key
    return ""


def _event(trial: Trial, choices: Choices) -> dict[str, Any]:
    """The body of the event: one of the past, told anew to nobody but by rules, or one that is described."""
    past: Event | None = next((one for one in choices.recent if str(one.pk) == trial.chosen), None)
    if past is not None:
        copied = {name: getattr(past, name) for name in COPIED}
        return {
            "type": past.type, "level": Level(past.level).slug,
            "project": past.project.slug if past.project else None, **copied,
        }  # fmt: skip
    data: Any = {}
    if trial.data.strip():
        try:
            data = clean_data("data", json.loads(trial.data[:MOST_DATA]))
        except ValueError as error:
            if isinstance(error, InvalidInput):
                raise
            raise invalid("data", f"is no JSON: {error}.", 'Write {"host": "db1"}.') from None
    return {"type": trial.type, "level": trial.level, "title": trial.title or _("An example"), "data": data}


def _tell(trial: Trial, found: Simulation, place: Place) -> None:
    """What the reader may know of it: of their own rule, themselves alone."""
    mine = [one for one in found.told if one.layer.startswith(DRAFT)]
    if place.user_pk is not None:
        mine = [one for one in mine if one.user == str(place.user_pk) or not one.user]
    decision = next((one for one in found.rules if one.layer.startswith(DRAFT)), None)
    trial.matched = decision is not None and decision.matched
    trial.reasons = decision.reasons if decision else ()
    trial.number = len({one.user or one.address for one in mine if one.state in ("sent", "deferred")})
    trial.told = [_line(one) for one in mine[:SHOWN]]
    trial.truncated = found.truncated or len(mine) > SHOWN


def _line(one: Told) -> dict[str, Any]:
    return {
        "who": one.name or one.address,
        "channel": channel_name(one.channel),
        "state": one.state,
        "name": NAMES.get(one.state, one.state),
        "sentence": one.sentence,
    }
