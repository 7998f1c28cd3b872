"""What was changed, in words: what an action was, what a field is called, and what a value says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.levels import Level
from tocsin.recipients import users
from tocsin.tenants.audit import differing
from tocsin.tenants.models import Role
from tocsin.tenants.tokens import MEANINGS
from tocsin.web.rows import channel_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.utils.functional import Promise

ACTIONS: dict[str, str | Promise] = {
    "rule.create": gettext_lazy("made a rule"),
    "rule.change": gettext_lazy("changed a rule"),
    "rule.delete": gettext_lazy("deleted a rule"),
    "rule.undo": gettext_lazy("put a rule back"),
    "member.role": gettext_lazy("gave a role"),
    "member.remove": gettext_lazy("removed a member"),
    "account_manager": gettext_lazy("said who looks after"),
    "team.create": gettext_lazy("made a team"),
    "team.delete": gettext_lazy("deleted a team"),
    "team.join": gettext_lazy("put somebody into a team"),
    "team.leave": gettext_lazy("took somebody out of a team"),
    "project.create": gettext_lazy("made a project"),
    "project.delete": gettext_lazy("deleted a project"),
    "organization.create": gettext_lazy("made the organization"),
    "token.create": gettext_lazy("made a token"),
    "token.revoke": gettext_lazy("revoked a token"),
    "type.create": gettext_lazy("made an event type"),
    "type.change": gettext_lazy("changed an event type"),
    "type.delete": gettext_lazy("deleted an event type"),
    "template.create": gettext_lazy("made a template"),
    "template.change": gettext_lazy("changed a template"),
    "template.delete": gettext_lazy("deleted a template"),
    "template.restore": gettext_lazy("put a template back"),
    "event.confirm": gettext_lazy("confirmed a large event"),
    "series.start": gettext_lazy("began what comes again and again"),
    "series.cancel": gettext_lazy("ended what came again and again"),
    "preference": gettext_lazy("set what people hear of unless they say otherwise"),
}
FIELDS: dict[str, str | Promise] = {
    "account_manager": gettext_lazy("Account manager"),
    "active": gettext_lazy("In use"),
    "body": gettext_lazy("Text"),
    "category": gettext_lazy("Category"),
    "channel": gettext_lazy("Channel"),
    "channels": gettext_lazy("Channels"),
    "condition": gettext_lazy("Condition"),
    "critical_passes": gettext_lazy("Critical ones at any hour"),
    "destinations": gettext_lazy("Destinations"),
    "event_type": gettext_lazy("Event type"),
    "event_types": gettext_lazy("Event types"),
    "expires_at": gettext_lazy("Ends"),
    "hours": gettext_lazy("Hours"),
    "is_operator": gettext_lazy("For every organization"),
    "key": gettext_lazy("Key"),
    "label": gettext_lazy("Name"),
    "level": gettext_lazy("Level"),
    "locale": gettext_lazy("Language"),
    "mandatory": gettext_lazy("Cannot be switched off"),
    "max_recipients": gettext_lazy("Most people at once"),
    "name": gettext_lazy("Name"),
    "options": gettext_lazy("Options"),
    "position": gettext_lazy("Order"),
    "projects": gettext_lazy("Projects"),
    "role": gettext_lazy("Role"),
    "scopes": gettext_lazy("What it may do"),
    "service": gettext_lazy("Service"),
    "stop": gettext_lazy("No further rules"),
    "target": gettext_lazy("Target"),
    "target_identifier": gettext_lazy("Which target"),
    "title": gettext_lazy("Title"),
    "to": gettext_lazy("Who is told"),
    "user": gettext_lazy("Person"),
}
NAMES: dict[str, dict[str, Any]] = {
    "level": {level.slug: level.label for level in Level},
    "role": {role.value: role.label for role in Role},
    "scopes": MEANINGS,
}
"""What values of a field are called."""


PERSON = "user "
"""How `Desk.by` begins where a person did it."""


class Difference(NamedTuple):
    """One field that is not what it was. Of what is too rich for a line, `is_long` is true."""

    field: str
    before: str
    after: str
    is_long: bool


def doers(names: Iterable[str]) -> dict[str, str]:
    """Who did things, as `Desk.by` says it, by user name; programs, and people who are gone, are left as they are."""
    given = set(names)
    keys = {one: users.key_or_none(one.removeprefix(PERSON)) for one in given if one.startswith(PERSON)}
    found = users.recipients([key for key in keys.values() if key is not None])
    return {one: found[keys[one]].name if keys.get(one) in found else one for one in given}


def action_in_words(action: str) -> str:
    """What was done, to stand after who did it; the bare name for one that a plugin brought."""
    return str(ACTIONS.get(action, action))


def subject_in_words(subject: str) -> str:
    """What was changed, by the name that its kind is known by."""
    kind, _colon, name = subject.partition(":")
    return name if kind in ("destination", "org", "project", "team", "token", "type") and name else subject


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], people: Mapping[str, str] | None = None
) -> list[Difference]:
    """What differs between two bodies, in words. `people` are the user names by key."""
    fields = [*before, *(name for name in after if name not in before)]
    told = differing(before, after).keys() | before.keys() - after.keys()
    found = []
    for name in fields:
        if name not in told:
            continue
        was, is_ = (_in_words(name, body.get(name), people or {}) for body in (before, after))
        if was != is_:
            rich = any(
                isinstance(body.get(name), dict) or "\n" in str(body.get(name)) for body in (before, after)
            )
            found.append(
                Difference(str(FIELDS.get(name, name)), was, is_, rich or max(len(was), len(is_)) > 200)
            )
    return found


def _in_words(field: str, value: Any, people: Mapping[str, str]) -> str:
    """A value as somebody would say it; empty for nothing."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return ", ".join(_one_in_words(field, str(one), people) for one in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1) if value else ""
    return "" if value is None else _one_in_words(field, str(value), people)


def _one_in_words(field: str, text: str, people: Mapping[str, str]) -> str:
    """One value by the name that it has on the pages; itself where it has none."""
    if field in ("channel", "channels"):
        return str(channel_name(text))
    names: Mapping[str, Any] = people if field == "user" else NAMES.get(field, {})
    return str(names.get(text, text))
