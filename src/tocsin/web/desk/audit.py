"""The desk's audit log: who changed what, when, and what it was before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tocsin.deliveries.wording.models import Template
from tocsin.events.ids import number_of
from tocsin.recipients import users
from tocsin.rules.models import Rule
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import ApiToken, Team
from tocsin.web import changes as words
from tocsin.web.access import for_desk
from tocsin.web.changes import PERSON, doers
from tocsin.web.desk.frame import show
from tocsin.web.desk.wording import address_of
from tocsin.web.policy import strict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.web.access import Desk

SHOWN = 50


class FilterForm(forms.Form):
    """What is looked for."""

    action = forms.ChoiceField(label=gettext_lazy("What was done"), required=False)
    by = forms.CharField(
        label=gettext_lazy("By whom"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A user name, or the words that stand here for a program."),
    )
    subject = forms.CharField(
        label=gettext_lazy("To what"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("A user name, the name of a rule or a team, or as in rule:12."),
    )
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        field: Any = self.fields["action"]
        field.choices = [("", _("anything")), *words.ACTIONS.items()]


class Subject(NamedTuple):
    """What was changed; `url` is empty where it has no page of its own."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One change, as it is shown."""

    entry: AuditEntry
    by: str
    action: str
    subject: Subject
    differences: list[words.Difference]


@strict
@for_desk("admin")
@require_safe
def listed(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The changes, newest first, of those that are looked for."""
    form = FilterForm(request.GET)
    entries = AuditEntry.objects.filter(organization=desk.organization)
    if form.is_valid():
        entries = _filtered(entries, form.cleaned_data, desk)
    after = request.GET.get("after", "")
    if after:
        entries = entries.filter(pk__lt=_cursor(after))
    found = list(entries.order_by("-pk")[: SHOWN + 1])
    sought = {name: value for name in form.fields if (value := request.GET.get(name))}
    following = {**sought, "after": found[SHOWN - 1].pk} if len(found) > SHOWN else {}
    context = {
        "tab": "audit",
        "form": form,
        "rows": _rows(found[:SHOWN], desk),
        "sought": sought,
        "next": urlencode(following),
        "newest": urlencode(sought) if after else "",
        "after": after,
    }
    return show(request, desk, "tocsin/desk/audit.html", context, status=422 if form.errors else 200)


def _filtered(entries: QuerySet[AuditEntry], wanted: Mapping[str, Any], desk: Desk) -> QuerySet[AuditEntry]:
    if wanted["action"]:
        entries = entries.filter(action=wanted["action"])
    if wanted["by"]:
        user = users.find(f"name={wanted['by']}")
        theirs = [wanted["by"]] if user is None else [wanted["by"], f"{PERSON}{user.pk}"]
        entries = entries.filter(by__in=theirs)
    if wanted["subject"]:
        entries = entries.filter(subject__in=_meant(wanted["subject"], desk))
    zone = get_current_timezone()
    if wanted["since"]:
        entries = entries.filter(at__gte=_midnight(wanted["since"], zone))
    if wanted["until"]:
        entries = entries.filter(at__lt=_midnight(wanted["until"] + timedelta(days=1), zone))
    return entries


def _midnight(day: Any, zone: Any) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _meant(text: str, desk: Desk) -> list[str]:
    """The subjects that somebody may mean by `text`."""
    rules = Rule.objects.filter(organization=desk.organization, name=text).values_list("pk", flat=True)
    teams = Team.objects.filter(organization=desk.organization, name=text).values_list("slug", flat=True)
    user = users.find(f"name={text}")
    found = [text, f"team:{text}", f"project:{text}", f"token:{text.removeprefix('tcs_')}", f"type:{text}"]
    found += [f"rule:{pk}" for pk in rules] + [f"team:{slug}" for slug in teams]
    return found if user is None else [*found, f"user:{user.pk}"]


def _rows(entries: Sequence[AuditEntry], desk: Desk) -> list[Row]:
    """Every entry with the names of what it speaks of, by one statement for each kind of thing."""
    keys: dict[str, set[str]] = defaultdict(set)
    for one in entries:
        kind, _colon, value = one.subject.partition(":")
        keys[kind].add(value)
        keys["user"] |= {str(body["user"]) for body in (one.before, one.after) if body.get("user")}
    people = doers(f"{PERSON}{key}" for key in keys["user"])
    called = {key: people[f"{PERSON}{key}"] for key in keys["user"]}
    subjects = _rules(keys["rule"], desk) | _templates(keys["template"], desk) | _tokens(keys["token"], desk)
    subjects |= {f"user:{key}": Subject(name) for key, name in called.items()}
    by = doers(one.by for one in entries)
    return [
        Row(
            one,
            by[one.by],
            words.action_in_words(one.action),
            subjects.get(one.subject) or Subject(words.subject_in_words(one.subject)),
            words.differences(one.before, one.after, called),
        )
        for one in entries
    ]


def _rules(keys: set[str], desk: Desk) -> dict[str, Subject]:
    rows = Rule.objects.filter(organization=desk.organization, pk__in=_numbers(keys))
    return {
        f"rule:{pk}": Subject(
            name, "" if deleted else reverse("tocsin:desk-rule", args=[desk.organization.slug, pk])
        )
        for pk, name, deleted in rows.values_list("pk", "name", "deleted_at")
    }


def _templates(keys: set[str], desk: Desk) -> dict[str, Subject]:
    rows = Template.objects.filter(organization=desk.organization, pk__in=_numbers(keys))
    return {f"template:{one.pk}": Subject(_place(one), address_of(desk, one)) for one in rows}


def _tokens(keys: set[str], desk: Desk) -> dict[str, Subject]:
    rows = ApiToken.objects.filter(organization=desk.organization, prefix__in=keys)
    return {f"token:{prefix}": Subject(name) for prefix, name in rows.values_list("prefix", "name")}


def _place(template: Template) -> str:
    return " · ".join(filter(None, (template.event_type, template.channel, template.locale)))


def _numbers(keys: set[str]) -> list[int]:
    return [number for key in keys if (number := number_of(key)) is not None]


def _cursor(after: str) -> int:
    number = number_of(after)
    if number is None:
        raise Http404("There is no such page.")
    return number
