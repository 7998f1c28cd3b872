"""What runs, in Django's admin: workers, pauses, series, tasks and their runs, and what is counted of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin import pipeline
from tocsin.channels import registry
from tocsin.deliveries import pauses
from tocsin.deliveries.models import Pause
from tocsin.deliveries.rests import BOARD
from tocsin.schedule.models import SeriesState
from tocsin.sources.tasks.report import log_of
from tocsin.web.admin.filters import ByOrganization, IsMissing
from tocsin.web.admin.form import DomainForm, DomainPage
from tocsin.web.admin.frame import ReadOnly, by
from tocsin.web.admin.links import page, rows_of
from tocsin.web.admin.newest import Newest, key_in
from tocsin.web.rows import channel_name

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tocsin.deliveries.models import Rest
    from tocsin.schedule.models import Series
    from tocsin.sources.tasks.models import Task, TaskRun


def _stoppable() -> list[tuple[str, str]]:
    return [("", _t("all channels")), *((slug, str(one.label)) for slug, one in registry.carriers().items())]


class PauseForm(DomainForm):
    """Of a channel that is to stop, or all of them."""

    channel = forms.ChoiceField(label=_("channel"), required=False, choices=_stoppable)

    def keep(self, by: str) -> Pause:
        pauses.pause(self.cleaned_data["channel"], by)
        return Pause.objects.get(channel=self.cleaned_data["channel"])


class PauseAdmin(DomainPage):
    """Channels that stand still. To add one is to pause, to delete it is to go on."""

    form = PauseForm
    fields = ("channel",)
    list_display = ("stopped", "since", "by")

    @admin.display(description=_("channel"))
    def stopped(self, pause: Pause) -> str:
        return str(channel_name(pause.channel)) if pause.channel else _t("all channels")

    def has_change_permission(self, request: HttpRequest, obj: Pause | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Pause) -> None:
        pauses.resume(obj.channel)


class RestAdmin(ReadOnly):
    """Far sides that all workers leave alone: hosts that failed, and accounts that asked for quiet."""

    list_display = ("origin", "is_circuit", "until", "backoff_seconds", "probe_until")
    list_filter = ("is_circuit",)
    search_fields = ("origin",)
    ordering = ("-until",)
    exclude = ("account", "targets")
    actions = ("close",)

    @admin.action(description=_("Try the host again at once"), permissions=["act"])
    def close(self, request: HttpRequest, queryset: QuerySet[Rest]) -> None:
        self.each(
            request,
            queryset.filter(is_circuit=True),
            _t("Tried again"),
            lambda rest: BOARD.close(rest.origin),
        )


class BudgetAdmin(ReadOnly):
    """What is left of what all workers together may send on a channel, or to a host."""

    list_display = ("key", "tokens", "at")
    search_fields = ("key__exact",)


class WorkerAdmin(ReadOnly):
    """The processes that do the work, and when each was last heard of."""

    list_display = ("name", "engine", "started_at", "beat_at", "note")
    list_filter = ("engine",)
    search_fields = ("name",)
    ordering = ("-beat_at",)


class RateBucketAdmin(ReadOnly):
    """What is left of the allowance of a token, a person or an organization."""

    list_display = ("key", "level", "at")
    search_fields = ("key__exact",)


class SeriesAdmin(ReadOnly):
    """Events that come again."""

    list_display = ("title", "type", "organization", "rrule", "time_zone", "state", "latest_at")
    list_filter = ("state", ByOrganization)
    list_select_related = ("organization",)
    search_fields = ("title", "type", "about", "dedupe_key")
    exclude = ("body_hash",)
    readonly_fields = ("occurrences",)
    actions = ("end",)

    @admin.display(description=_("events"))
    def occurrences(self, series: Series) -> str:
        return rows_of("event", series=series.pk)

    @admin.action(description=_("End it, and cancel what waits of it"), permissions=["act"])
    def end(self, request: HttpRequest, queryset: QuerySet[Series]) -> None:
        def stop(row: Series) -> None:
            pipeline.cancel(series_id=row.pk, by=by(request))

        self.each(request, queryset.filter(state=SeriesState.ACTIVE), _t("Ended"), stop)


class TaskAdmin(ReadOnly):
    """Tasks that were reported, and those that are missing."""

    list_display = ("name", "organization", "last_status", "last_finished_at", "expected_by", "missed_at")
    list_filter = ("last_status", IsMissing, ByOrganization)
    list_select_related = ("organization",)
    search_fields = ("name",)
    readonly_fields = ("runs",)

    @admin.display(description=_("runs"))
    def runs(self, task: Task) -> str:
        return rows_of("taskrun", task=task.pk)


class TaskRunAdmin(Newest):
    """Each run of a task, with what is kept of its output."""

    list_display = ("finished_at", "task", "status", "host", "exit_code", "problem")
    list_filter = ("status", ByOrganization)
    list_select_related = ("task",)
    date_hierarchy = "finished_at"
    search_fields = ("task__name", "host", "problem")
    heavy = ("log",)
    indexed = ("task",)
    readonly_fields = ("output",)

    def meant(self, term: str) -> dict[str, Any]:
        return key_in(term)

    def view_on_site(self, run: TaskRun) -> str | None:
        return page("tocsin:task-run", run.pk)

    @admin.display(description=_("output"))
    def output(self, run: TaskRun) -> str:
        return format_html("<pre>{}</pre>", log_of(bytes(run.log)))
