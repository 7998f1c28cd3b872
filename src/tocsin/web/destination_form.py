"""The form of a destination, made of the channel's own declaration. Secrets are write-only."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _

from tocsin.channels import redact, registry
from tocsin.channels.forms import declared_fields
from tocsin.errors import FieldError, InvalidInput
from tocsin.recipients import destinations, secrets
from tocsin.recipients.models import Destination

if TYPE_CHECKING:
    from collections.abc import Collection

    from tocsin.channels.base import Channel

    Base = forms.ModelForm[Destination]
else:
    Base = forms.ModelForm

PREFIX, DROP = "setting_", "drop_"
"""Before the names of the channel's fields, which may be called as ours are; and of the boxes that drop a secret."""


class WriteOnlyLine(forms.PasswordInput):
    """A secret in one line, as others see it: dots, and nothing in the page that comes back."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password", "class": "vTextField"}, render_value=False)


class WriteOnlyText(forms.Textarea):
    """A secret of many lines, of which nothing is in the page that comes back."""

    def format_value(self, value: Any) -> str:
        return ""


class DestinationForm(Base):
    """Owner and label, for the operator; the fields of the channel are added by `form_of`."""

    channel: ClassVar[Channel | None] = None
    by_operator: ClassVar[bool] = True
    saved: destinations.Saved | None = None

    class Meta:
        model = Destination
        fields = ("user", "organization", "label")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "label" in self.fields:
            self.fields["label"].required = False
            self.fields["label"].help_text = _("What the owner calls it. Empty: named after the address.")

    def _post_clean(self) -> None:
        """Have the domain save, in place of the model: so all its rules hold, and each complaint has its field."""
        if self.channel is None or self.errors:
            return
        try:
            self.saved = self._save_by(self.channel)
        except InvalidInput as error:
            given = redact.secrets_of(self._given(self.channel), self.channel.form.secret_fields)
            for one in error.errors:
                self.add_error(self._place(one), redact.strike(f"{one.message} {one.remedy}".strip(), given))
        else:
            self.instance = self.saved.destination

    def _save_by(self, channel: Channel) -> destinations.Saved:
        given, label = self._given(channel), self.cleaned_data.get("label", "")
        if not self.instance._state.adding:
            # A copy: what is refused must not show on the page as if it had been taken.
            return destinations.change(
                copy.copy(self.instance), given, label=label, by_operator=self.by_operator
            )
        return destinations.create(
            self._owner(), channel.slug, given, label=label, by_operator=self.by_operator
        )

    def _owner(self) -> Any:
        owners = [self.cleaned_data.get(name) for name in ("user", "organization")]
        if None not in owners or owners == [None, None]:
            raise InvalidInput(FieldError("user", _("Choose one owner: a user or an organization.")))
        return owners[0] or owners[1]

    def _given(self, channel: Channel) -> dict[str, Any]:
        """The settings as they were typed. A secret that was left empty is not given at all: the old one stays."""
        names = [name for name in channel.form.base_fields if PREFIX + name in self.fields]
        given = {name: self.cleaned_data.get(PREFIX + name) for name in names}
        return {
            name: value
            for name, value in given.items()
            if value or name not in channel.form.secret_fields or self.cleaned_data.get(DROP + name)
        }

    def _place(self, error: FieldError) -> str | None:
        """The field of this form at which the error belongs; None for the form as a whole."""
        name = error.field.replace("settings.", PREFIX, 1)
        return name if name in self.fields else None


class OwnedForm(DestinationForm):
    """Of an owner who is known before: a person's own page, and the desk of an organization."""

    class Meta:
        model = Destination
        fields = ("label",)

    def __init__(self, *args: Any, owner: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner

    def _owner(self) -> Any:
        return self.owner


def form_of(
    slug: str,
    destination: Destination | None,
    base: type[DestinationForm] = DestinationForm,
    *,
    by_operator: bool = True,
) -> type[DestinationForm]:
    """The form of a new destination on a channel, or of one that is there. Raises `InvalidInput`."""
    channel = registry.get(slug)
    kept = secrets_of(destination) if destination else ()
    fields: dict[str, forms.Field] = {}
    asked = channel.form.base_fields if by_operator else declared_fields(channel.form)
    for name, declared in asked.items():
        is_secret = name in channel.form.secret_fields
        fields[PREFIX + name] = _write_only(declared, name in kept) if is_secret else _field(declared)
        if name in kept and not declared.required:
            fields[DROP + name] = forms.BooleanField(label=_("Drop it"), required=False)
    for name, value in (destination.settings if destination else {}).items():
        if PREFIX + name in fields:
            fields[PREFIX + name].initial = value
    return type("DestinationForm", (base,), {"channel": channel, "by_operator": by_operator, **fields})


def secrets_of(destination: Destination) -> Collection[str]:
    """The names of the secrets that are stored; none where they cannot be read."""
    try:
        names: dict[str, Any] = secrets.unseal(destination.secrets)
    except secrets.SecretUnreadable:
        return ()
    return names.keys()


def lines_of(form: type[DestinationForm]) -> list[tuple[str, ...]]:
    """The names of the channel's fields, each with the box that drops it."""
    names = [name.removeprefix(PREFIX) for name in form.base_fields if name.startswith(PREFIX)]
    return [tuple(n for n in (PREFIX + name, DROP + name) if n in form.base_fields) for name in names]


def _field(declared: forms.Field) -> forms.Field:
    field = copy.deepcopy(declared)
    # It is cleaned once, by the channel's own form, when the domain saves.
    field.clean = lambda value: value  # type: ignore[method-assign]
    if isinstance(field.widget, forms.TextInput):
        field.widget.attrs.setdefault("class", "vTextField")
    return field


def _write_only(declared: forms.Field, is_set: bool) -> forms.Field:
    field = _field(declared)
    field.widget = WriteOnlyText() if isinstance(field.widget, forms.Textarea) else WriteOnlyLine()
    if is_set:
        field.required = False
        field.help_text = f"{field.help_text} {_('Set. Leave it empty to keep it.')}".strip()
    return field
