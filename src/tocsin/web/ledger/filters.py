"""What one may look for in the ledger: GET forms, and the chips that show what is being looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tocsin.channels import registry
from tocsin.deliveries.finding import WantedEvents, WantedLines
from tocsin.deliveries.states import Reason, State
from tocsin.events import declared
from tocsin.events.states import EventState
from tocsin.levels import Level
from tocsin.recipients import users
from tocsin.tenants.models import Organization
from tocsin.web.rows import NAMES, ORDER, STATE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import QueryDict

    from tocsin.tenants.scope import Scope

ANY = ("", _("any"))
ALL = "all"
"""Deliveries in any state: who names none asks for those that were given up."""


class Chip(NamedTuple):
    """One thing that is looked for, and the address of the page without it."""

    label: str
    value: str
    without: str


class Moment(forms.DateTimeField):
    """A date and time in the site's zone, as browsers give them."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {
        "invalid": _("This is no date and time. Give one such as 2026-03-29T02:30."),
    }


class Filter(forms.Form):
    """What all filters share. It is empty where nothing is looked for."""

    use_required_attribute = False

    def __init__(self, given: QueryDict, scope: Scope) -> None:
        self.asked = {name: str(given[name]) for name in self.base_fields if given.get(name)}
        """What is looked for, as it was given."""
        self.scope = scope
        super().__init__(self.asked)

    @property
    def query(self) -> str:
        """What is looked for, as the query of an address."""
        return urlencode(self.asked)

    @property
    def chips(self) -> list[Chip]:
        """What is looked for, in words."""
        found = []
        for name, raw in self.asked.items():
            rest = urlencode({other: value for other, value in self.asked.items() if other != name})
            field = self.fields[name]
            said = self._choices(name).get(raw, raw)
            if isinstance(field, Moment):
                said = raw.replace("T", " ")
            if isinstance(field, forms.BooleanField):
                said = ""
            found.append(Chip(str(field.label), str(said), f"?{rest}"))
        return found

    def _choices(self, name: str) -> dict[str, Any]:
        field = self.fields[name]
        found: Any = field.choices if isinstance(field, forms.ChoiceField) else ()
        return dict(found)

    def clean(self) -> dict[str, Any]:
        """Refuse a stretch of time that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", gettext("This is not after the beginning. Give a later time."))
        return cleaned


class EventFilter(Filter):
    """Which events."""

    type = forms.CharField(label=_("Type"), required=False, max_length=100)
    level = forms.ChoiceField(label=_("Level, at least"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    organization = forms.CharField(label=_("Organization"), required=False, max_length=63)
    project = forms.CharField(label=_("Project"), required=False, max_length=63)
    about = forms.CharField(label=_("About"), required=False, max_length=200)
    group_key = forms.CharField(label=_("Group"), required=False, max_length=200)
    actor = forms.CharField(label=_("By"), required=False, max_length=200)
    since = Moment(label=_("From"), required=False)
    until = Moment(label=_("Before"), required=False)
    dead = forms.BooleanField(label=_("With dead deliveries"), required=False)

    def __init__(self, given: QueryDict, scope: Scope, *, many: bool) -> None:
        super().__init__(given, scope)
        self.fields["level"].choices = [ANY, *((one.slug, one.label) for one in Level)]  # type: ignore[attr-defined]
        self.fields["state"].choices = [ANY, *((one.value, STATE_NAMES[one]) for one in EventState)]  # type: ignore[attr-defined]
        _type_hints(self.fields["type"])
        if not many:
            del self.fields["organization"]
            self.asked.pop("organization", None)

    def clean_type(self) -> str:
        """Refuse a type that is none, naming the nearest."""
        return _type(self.cleaned_data["type"])

    def clean_organization(self) -> Any:
        """The organization's number; another's is not known, like one that never was."""
        slug = self.cleaned_data["organization"]
        if not slug:
            return None
        key = Organization.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if key is None or not self.scope.sees(key):
            raise forms.ValidationError(gettext("There is no such organization. Give the slug of one."))
        return key

    @property
    def wanted(self) -> WantedEvents:
        """What is looked for. Only of a valid form."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        if "level" in given:
            given["level"] = next(one.value for one in Level if one.slug == given["level"])
        return WantedEvents(**given)


class LineFilter(Filter):
    """Which deliveries."""

    state = forms.ChoiceField(label=_("State"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    who = forms.CharField(label=_("Person or address"), required=False, max_length=320)
    type = forms.CharField(label=_("Type of event"), required=False, max_length=100)
    since = Moment(label=_("From"), required=False)
    until = Moment(label=_("Before"), required=False)

    def __init__(self, given: QueryDict, scope: Scope) -> None:
        super().__init__(given, scope)
        self.asked.setdefault("state", State.DEAD.value)
        channels = sorted((slug, str(one.label)) for slug, one in registry.carriers().items())
        self.fields["state"].choices = [(ALL, _("any")), *((one.value, NAMES[one]) for one in ORDER)]  # type: ignore[attr-defined]
        self.fields["channel"].choices = [ANY, *channels]  # type: ignore[attr-defined]
        self.fields["reason"].choices = [ANY, *((one.value, one.label) for one in Reason if one.value)]  # type: ignore[attr-defined]
        _type_hints(self.fields["type"])

    def clean_type(self) -> str:
        """Refuse a type that is none, naming the nearest."""
        return _type(self.cleaned_data["type"])

    @property
    def chips(self) -> list[Chip]:
        """The tabs say whether the dead or all are meant; without another state it is all."""
        found = super().chips
        label = str(self.fields["state"].label)
        if self.asked["state"] in (ALL, State.DEAD):
            return [chip for chip in found if chip.label != label]
        return [
            chip._replace(without=f"{chip.without}&state={ALL}") if chip.label == label else chip
            for chip in found
        ]

    @property
    def wanted(self) -> WantedLines:
        """What is looked for. Only of a valid form."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        if given.get("state") == ALL:
            del given["state"]
        who = given.pop("who", "")
        return WantedLines(**given, **(_person_or_address(who) if who else {}))


def _person_or_address(who: str) -> dict[str, Any]:
    """The person called so; else it is an address. What is theirs elsewhere is out of the reader's scope."""
    key = users.matching([who]).get(who)
    if key is not None:
        return {"user": key}
    return {"identity": users.ascii_lower(who) if "@" in who else who}


def _type(given: str) -> str:
    """A type or the beginning of some. One that is not declared any more may still be in the ledger."""
    if not set(given.removesuffix("*")) <= TYPE_CHARACTERS:
        raise forms.ValidationError(
            gettext("This is no type. Give one such as “task:finished”, or “task:*” for all that begin so.")
        )
    return given


TYPE_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz0123456789-_.:")


def _type_hints(field: forms.Field) -> None:
    field.widget.attrs |= {"list": "types", "placeholder": "task:*", "autocomplete": "off"}


def known_types(scope: Scope) -> Iterable[str]:
    """The types that a filter suggests: those of code and settings, and what the reader's organizations declared."""
    return sorted(declared.types_for(scope))
