"""Where a template is in the desk's addresses, what it makes of an event there, and what two texts differ in."""

from __future__ import annotations

import re
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import signing
from django.http import Http404
from django.urls import reverse
from django.utils.translation import check_for_language, get_language_info
from django.utils.translation import gettext as _

from tocsin.channels import registry
from tocsin.deliveries.wording.models import Template, TemplateVersion
from tocsin.deliveries.wording.preview import preview
from tocsin.deliveries.wording.sample import sample
from tocsin.deliveries.wording.save import LOCALE
from tocsin.errors import InvalidInput
from tocsin.events.declared import types_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.web.access import Desk

SMS = "sms"
EVERY = "all"
"""How an address says that a template is for every language."""
SALT = "tocsin.desk.picture"
PICTURE_SECONDS = 3600
LONGEST_ADDRESS = 6000
MOST_SHOWN, MOST_MEMBERS = 80, 60
MEMBER = re.compile(r"[A-Za-z0-9]\w*")
OWN_WORDS = {"title": "{{ event.title }}", "body": ""}


class Place(NamedTuple):
    """What a template is for."""

    event_type: str
    channel: str
    locale: str


class Preview(NamedTuple):
    """What a template makes of an event; `wrong` is by field, and then nothing else is there."""

    wrong: list[str]
    title: str = ""
    html: str = ""
    message: Mapping[str, str] | None = None
    segments: int = 0
    picture: str = ""


def place_in(desk: Desk, event_type: str, channel: str, locale: str) -> Place:
    """The place that an address names, if there may be a template: raises Http404."""
    language = "" if locale == EVERY else locale
    known = event_type in types_of([desk.organization.pk]) and channel in registry.channels()
    fits = not language or (LOCALE.fullmatch(language) and check_for_language(language))
    if not (known and fits) and not _rows(desk, Place(event_type, channel, language)).exists():
        raise Http404("There is no place for such a template.")
    return Place(event_type, channel, language)


def row_at(desk: Desk, place: Place) -> Template | None:
    """The template there, also one that is deleted; None where there never was one."""
    found: Template | None = _rows(desk, place).first()
    return found


def _rows(desk: Desk, place: Place) -> Any:
    return Template.objects.filter(organization=desk.organization, **place._asdict())


def address_of(desk: Desk, place: Place | Template) -> str:
    """The page of the template there."""
    names = [desk.organization.slug, place.event_type, place.channel, place.locale or EVERY]
    return reverse("tocsin:desk-template", args=names)


def language(locale: str) -> str:
    """A language by its own name; the code where Django does not know it."""
    if not locale:
        return _("All languages")
    try:
        return str(get_language_info(locale)["name_local"]).capitalize()
    except KeyError:
        return locale


def shown(desk: Desk, place: Place, texts: Mapping[str, str]) -> Preview:
    """What these texts make of a sample event; of none at all, what people are told today."""
    given = dict(texts) if any(text.strip() for text in texts.values()) else OWN_WORDS
    try:
        made = preview(desk.organization.pk, place._asdict() | given)
    except InvalidInput as error:
        fields = {"title": _("Title"), "body": _("Text")}
        return Preview(
            [f"{fields.get(one.field, '')} {one.message} {one.remedy}".strip() for one in error.errors]
        )
    message = made["message"]
    picture = ""
    if message and message["html"]:
        said = signing.dumps([*place, given["title"], given["body"]], salt=SALT, compress=True)
        address = reverse("tocsin:desk-template-picture", args=[desk.organization.slug])
        picture = f"{address}?said={said}" if len(said) <= LONGEST_ADDRESS else ""
    segments = _segments(message["text"]) if message and place.channel == SMS else 0
    return Preview([], made["title"], made["html"], message, segments, picture)


def _segments(text: str) -> int:
    """How many text messages it takes."""
    from tocsin.channels.sms.segments import (
        measure,  # only here: without its extra the folder cannot be imported
    )

    return measure(text).segments


def pictured(desk: Desk, said: str) -> str:
    """The HTML of a message that `shown` gave the address of. Raises Http404 for what it did not give."""
    try:
        *place, title, body = signing.loads(said, salt=SALT, max_age=PICTURE_SECONDS)
        where = Place(*place)._asdict()
        made = preview(desk.organization.pk, where | {"title": title, "body": body})
    except (signing.BadSignature, InvalidInput) as error:
        raise Http404("There is no such picture.") from error
    return str((made["message"] or {}).get("html", ""))


def variables(desk: Desk, place: Place) -> list[tuple[str, str]]:
    """What a template may use, as it is written there, each with what it is in the sample."""
    found = list(_members("event", sample(place.event_type, desk.organization.pk)))
    return found[:MOST_MEMBERS]


def _members(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if MEMBER.fullmatch(str(name)):
                yield from _members(f"{path}.{name}", inner)
        return
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    yield f"{{{{ {path} }}}}", text[:MOST_SHOWN] + ("…" if len(text) > MOST_SHOWN else "")


def differing_lines(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    """The lines that are not the same in two wordings: "-" for what was, "+" for what is, " " for what is around."""
    old, new = ([said["title"], *said["body"].splitlines()] for said in (before, after))
    lines = [line for line in unified_diff(old, new, n=1, lineterm="") if not line.startswith(("---", "+++"))]
    return [(line[0], line[1:]) for line in lines if line[0] != "@"]


def last_change(template: Template) -> TemplateVersion:
    """Who made a template what it is, and when."""
    found: TemplateVersion = TemplateVersion.objects.get(pk=template.current)
    return found
