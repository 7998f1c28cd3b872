"""Templates are saved, deleted and put back: row, version and audit log by one commit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import check_for_language

from tocsin import clock, conf
from tocsin.channels import registry
from tocsin.deliveries.wording.apply import worded
from tocsin.deliveries.wording.choose import forget
from tocsin.deliveries.wording.language import MOST_CHARACTERS, BadTemplate, compiled
from tocsin.deliveries.wording.models import Template, TemplateVersion
from tocsin.deliveries.wording.sample import sample_view
from tocsin.errors import FieldError, InvalidInput, NotFound, invalid, overtaken
from tocsin.events import types
from tocsin.events.draft import UNFIT_IN_BODY
from tocsin.tenants.audit import note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.channels.base import EventView

PLACE = ("event_type", "channel", "locale")
TEXTS = ("title", "body")
FIELDS = PLACE + TEXTS
LOCALE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")


def save(
    organization: int,
    fields: Mapping[str, Any],
    by: str,
    template: Template | None = None,
    *,
    version: int | None = None,
) -> Template:
    """Store a template for events of an organization (its key), or other texts of one.

    `fields` are those of `FIELDS`; where a template is stays what it is. With `version` only if that is still its
    number. Raises `InvalidInput` with every error and the line it is in, and `Conflict` for another version; then
    nothing is stored.
    """
    cleaned = parse(organization, fields, template)
    if template is None:
        return _create(organization, cleaned, by)
    return _write(template, cleaned, by, "change", version=version)


@transaction.atomic
def delete(template: Template, by: str) -> None:
    """Have events told in their own words again. The versions stay, so that it can be put back."""
    template = _locked(template)
    if template.deleted_at is not None:
        return
    before = as_json(template)
    template.deleted_at = clock.now()
    _keep(template, by, deleted=True)
    _note(template, by, "delete", before, {})


def restore(template: Template, number: int, by: str) -> Template:
    """Bring an old version back, as a new one. Raises `NotFound` for a version that is not kept.

    And `InvalidInput` where what was a template then is none any more.
    """
    kept = TemplateVersion.objects.filter(template=template.pk, number=number, deleted=False).first()
    if kept is None:
        raise NotFound(f"There is no version {number} of this template.")
    cleaned = parse(template.organization_id, {"title": kept.title, "body": kept.body}, template)
    return _write(template, cleaned, by, "restore")


def versions(template: Template) -> list[TemplateVersion]:
    """Every version that is kept, the newest first."""
    return list(TemplateVersion.objects.filter(template=template.pk).order_by("-number"))


def as_json(template: Template) -> dict[str, Any]:
    """The fields of a template, as `save` takes them."""
    return {name: getattr(template, name) for name in FIELDS}


def parse(organization: int, given: Mapping[str, Any], template: Template | None = None) -> dict[str, str]:
    """The clean fields of a template, rendered once on sample data. Raises `InvalidInput` with every error."""
    errors = [
        FieldError(str(name)[:80], "is no field of a template.", conf.nearest(str(name), FIELDS))
        for name in given
        if name not in FIELDS
    ]
    cleaners: dict[str, Callable[[Any], str]] = {name: _kept(name, template) for name in PLACE} if template else {
        "event_type": lambda value: _event_type(value, organization),
        "channel": _channel,
        "locale": _locale,
    }  # fmt: skip
    cleaners |= {"title": lambda value: _text("title", value), "body": lambda value: _text("body", value)}
    cleaned = {}
    for name, clean in cleaners.items():
        try:
            cleaned[name] = clean(given.get(name))
        except InvalidInput as error:
            errors += error.errors
    if not errors and not (cleaned["title"] or cleaned["body"]):
        errors.append(FieldError("body", "is empty, and the title too.", "Write at least one of them."))
    if errors:
        raise InvalidInput(*errors)
    words(sample_view(cleaned["event_type"], organization), cleaned)
    return cleaned


def words(view: EventView, texts: Mapping[str, str]) -> tuple[str, str]:
    """Title and body of an event in these words. Raises `InvalidInput` where they fail."""
    errors: list[FieldError] = []
    said: dict[str, tuple[str, str]] = {}
    for name in TEXTS:
        only = {"title": "", "body": ""} | {name: texts[name]}
        try:
            said[name] = worded(view, only["title"], only["body"], texts["locale"])
        except Exception as error:  # whatever a tag raises, it is the template that is at fault
            told = f"fails for this event: {type(error).__name__}: {error}."
            errors.append(FieldError(name, told, "Ask with {% if %} for what may be missing."))
    if errors:
        raise InvalidInput(*errors)
    return said["title"][0], said["body"][1]


def _create(organization: int, cleaned: dict[str, str], by: str) -> Template:
    """A new one; where there was one that was deleted, another version of it."""
    place = {name: cleaned[name] for name in PLACE}
    there = Template.objects.filter(organization=organization, **place).first()
    if there is not None and there.deleted_at is None:
        raise _taken()
    if there is not None:
        return _write(there, cleaned, by, "create")
    now = clock.now()
    made = Template(organization_id=organization, created_at=now, updated_at=now, **place)
    try:
        with transaction.atomic():
            made.save()
            return _write(made, cleaned, by, "create")
    except IntegrityError:  # another one for this place, saved at the same moment
        raise _taken() from None


@transaction.atomic
def _write(
    template: Template, cleaned: Mapping[str, str], by: str, action: str, *, version: int | None = None
) -> Template:
    template = _locked(template)
    if version is not None and version != template.version:
        last = TemplateVersion.objects.get(pk=template.current)
        raise overtaken(last.by, last.at, template.version)
    before = as_json(template) if template.version and template.deleted_at is None else {}
    for name in TEXTS:
        setattr(template, name, cleaned[name])
    template.deleted_at = None
    _keep(template, by)
    _note(template, by, action, before, as_json(template))
    return template


def _locked(template: Template) -> Template:
    found: Template = Template.objects.select_for_update().get(pk=template.pk)
    return found


def _keep(template: Template, by: str, *, deleted: bool = False) -> None:
    """Store a template as its next version."""
    template.version += 1
    template.updated_at = clock.now()
    kept = TemplateVersion.objects.create(
        template=template,
        number=template.version,
        organization_id=template.organization_id,
        title=template.title,
        body=template.body,
        deleted=deleted,
        by=by[:200],
        at=template.updated_at,
    )
    template.current = kept.pk
    template.save()
    forget()


def _note(template: Template, by: str, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    note(
        template.organization_id,
        by,
        f"template.{action}",
        f"template:{template.pk}",
        before=before,
        after=after,
    )


def _taken() -> InvalidInput:
    said = "There is a template for this type, channel and language."
    return invalid("locale", said, "Change that one, or choose another language.")


def _kept(name: str, template: Template) -> Callable[[Any], str]:
    """Where a template is does not change: its versions speak of one place."""

    def clean(value: Any) -> str:
        now: str = getattr(template, name)
        if value not in (None, now):
            raise invalid(name, "cannot be changed.", "Make another template.")
        return now

    return clean


def _event_type(value: object, organization: int) -> str:
    try:
        return types.get_type(value, organization).key
    except InvalidInput as error:
        raise InvalidInput(*(replace(one, field="event_type") for one in error.errors)) from error


def _channel(value: object) -> str:
    return registry.get(value if isinstance(value, str) else str(value)[:50]).slug


def _locale(value: object) -> str:
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not LOCALE.fullmatch(value) or not check_for_language(value):
        raise invalid(
            "locale", f"{str(value)[:40]!r} is no language.", "Give a code such as 'fr', or none for all."
        )
    return value


def _text(name: str, value: object) -> str:
    text = "" if value is None else value
    if not isinstance(text, str):
        raise invalid(name, "must be a string.", "Write text with {{ event.title }} and the like.")
    text = text.replace("\r\n", "\n")
    if len(text) > MOST_CHARACTERS:
        raise invalid(name, f"has {len(text)} characters; {MOST_CHARACTERS} are the most.", "Shorten it.")
    if UNFIT_IN_BODY.search(text):
        raise invalid(name, "has control characters.", "Take them out; line breaks and tabs are fine.")
    text = text if text.strip() else ""
    try:
        compiled(text)
    except BadTemplate as error:
        raise invalid(name, f"Line {error.line}: {error}") from error
    return text
