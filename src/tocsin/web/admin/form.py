"""A form that the domain has the last word on: tried while it is checked and undone, done when it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db import transaction

from tocsin.errors import InvalidInput, TocsinError
from tocsin.web.admin.frame import Page, by
from tocsin.web.forms import place

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    Base = forms.ModelForm[Any]
else:
    Base = forms.ModelForm


class DomainForm(Base):
    """Has the domain save in place of the model, so that its rules hold and it writes its audit log.

    The trial is for a page with inlines: nothing may be saved when one of those is wrong.
    """

    names: ClassVar[dict[str, str]] = {}
    """What the domain calls a field, where the form says otherwise."""
    blamed: ClassVar[str | None] = None
    """The field at which a conflict is told."""

    def keep(self, by: str) -> Model:
        """Save by the domain; the row as it is now. Raises what the domain raises."""
        raise NotImplementedError

    @property
    def is_new(self) -> bool:
        return bool(self.instance._state.adding)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        form: Any = self
        with transaction.atomic():
            try:
                self.keep("")
            except InvalidInput as error:
                place(form, error, lambda name: self.names.get(name, name))
            except TocsinError as error:
                self.add_error(self.blamed, str(error))
            transaction.set_rollback(True)


class DomainPage(Page):
    """A table whose rows are saved by their form, and deleted by the domain, all that were chosen or none."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk = form.keep(by(request)).pk

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for row in queryset:
                self.delete_model(request, row)
