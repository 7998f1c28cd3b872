"""Destinations in Django's admin: chosen by channel, saved by the domain, tested, switched off and on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from tocsin import pipeline
from tocsin.channels import registry
from tocsin.recipients import destinations
from tocsin.rules.uses import rules_using
from tocsin.web.admin.filters import ByChannel, ByOrganization, InUse, Owned
from tocsin.web.admin.frame import Page, by, user_name_field
from tocsin.web.admin.shown_once import show_once
from tocsin.web.destination_form import DestinationForm, form_of, lines_of, secrets_of
from tocsin.web.destination_words import state_of, try_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from tocsin.recipients.models import Destination

MOST_TESTS = 10
"""In one request; each may take as long as the channel's deadline."""
FACTS = ("state", "verified_at", "tested_at", "created_at")


class DestinationAdmin(Page):
    """Whoever is let in here acts as the operator. Managed destinations are read-only."""

    list_display = ("label", "channel", "owner", "state")
    list_filter = (ByChannel, InUse, Owned, ByOrganization)
    list_select_related = ("user", "organization")
    raw_id_fields = ("user",)
    autocomplete_fields = ("organization",)
    actions = ("send_test", "disable", "enable")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("label", "identity", "organization__slug", user_name_field())

    @admin.display(description=_("owner"))
    def owner(self, destination: Destination) -> str:
        return str(destination.organization or destination.user)

    @admin.display(description=_("state"))
    def state(self, destination: Destination) -> str:
        return state_of(destination)

    @admin.display(description=_("settings"))
    def open_settings(self, destination: Destination) -> str:
        """For those who may only look."""
        if destination.managed:
            return _t("Follows the address of the account.")
        shown = [f"{name}: {value}" for name, value in destination.settings.items()]
        shown += [_t("%(name)s: set") % {"name": name} for name in secrets_of(destination)]
        return "; ".join(shown)

    # --- what is let in

    def has_change_permission(self, request: HttpRequest, obj: Destination | None = None) -> bool:
        fixed = obj is not None and (obj.managed or obj.channel not in registry.channels())
        return not fixed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Destination | None = None) -> bool:
        """A managed one stays, unless its user goes, in the host's own page of users."""
        stays = obj is not None and obj.managed and self.is_here(request)
        return not stays and super().has_delete_permission(request, obj)

    # --- the form

    @method_decorator(sensitive_post_parameters())
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        channel = registry.channels().get(request.GET.get("channel", ""))
        if channel is None or channel.in_app or channel.not_ready():
            return self._choose(request)
        context = {"title": _t("Add destination: %(channel)s") % {"channel": channel.label}}
        return super().add_view(request, form_url, context | (extra_context or {}))

    @method_decorator(sensitive_post_parameters())
    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().change_view(request, *args, **kwargs)

    def _choose(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        query = request.GET.copy()
        offers = []
        for slug, channel in registry.channels().items():
            if not channel.in_app:
                query["channel"] = slug
                offers.append(
                    {"label": channel.label, "problem": channel.not_ready(), "query": query.urlencode()}
                )
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Add destination: choose a channel"),
            "opts": self.opts,
            "offers": offers,
        }
        return TemplateResponse(request, "admin/tocsin/destination/choose.html", context)

    def get_readonly_fields(self, request: HttpRequest, obj: Destination | None = None) -> tuple[str, ...]:
        return ("owner", "channel", "open_settings", *FACTS) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Destination | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ("owner", "channel", "label", "open_settings", *FACTS)})]
        form = self._form(request, obj)
        owner = ("owner", "channel") if obj else ("user", "organization")
        facts = [(_("State"), {"fields": FACTS})] if obj else []
        return [(None, {"fields": (*owner, "label")}), (_("Settings"), {"fields": lines_of(form)}), *facts]

    def get_form(
        self, request: HttpRequest, obj: Destination | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs.setdefault("fields", flatten_fieldsets(self.get_fieldsets(request, obj)))
        return super().get_form(request, obj, change, **kwargs, form=self._form(request, obj))

    def _form(self, request: HttpRequest, obj: Destination | None) -> type[DestinationForm]:
        slug = obj.channel if obj else request.GET.get("channel", "")
        return form_of(slug, obj) if slug in registry.channels() else DestinationForm

    # --- saving, which the form has done already

    def save_model(self, request: HttpRequest, obj: Destination, form: Any, change: bool) -> None:
        request.tocsin_saved = form.saved  # type: ignore[attr-defined]
        if form.saved.secret_cleared:
            said = _t("The address is another one, so the old secret was dropped.")
            self.message_user(request, said, messages.WARNING)

    def response_add(self, request: HttpRequest, obj: Destination, post_url_continue: Any = None) -> Any:
        answer = super().response_add(request, obj, post_url_continue)
        return show_once(self, request, request.tocsin_saved.made, answer)  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Destination) -> Any:
        answer = super().response_change(request, obj)
        return show_once(self, request, request.tocsin_saved.made, answer)  # type: ignore[attr-defined]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A rule that tells a destination protects it."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        using = [f"{rule}" for destination in objs for rule in rules_using(destination)]
        return deleted, counts, lacking, [*protected, *using]

    def delete_model(self, request: HttpRequest, obj: Destination) -> None:
        pipeline.remove_destination(obj, by(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Destination]) -> None:
        for destination in queryset:
            self.delete_model(request, destination)

    # --- actions

    @admin.action(description=_("Send a test"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Destination]) -> None:
        if queryset.count() > MOST_TESTS:
            said = _t("Nothing was sent: choose at most %(most)d.") % {"most": MOST_TESTS}
            self.message_user(request, said, messages.WARNING)
            return
        for destination in queryset.select_related("user", "organization"):
            tried = try_out(destination)
            self.log_change(request, destination, _t("Test: %(words)s") % {"words": tried.words})
            level = messages.SUCCESS if tried.is_sent else messages.ERROR
            name = f"“{destination.label}” ({destination.channel})"
            self.message_user(request, f"{name}: {tried.words}", level)

    @admin.action(description=_("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Destination]) -> None:
        reason = _t("Disabled by %(name)s.") % {"name": request.user.get_username()}
        done = [one for one in queryset if destinations.disable(one, reason)]
        self._report(request, done, _t("Disabled"))

    @admin.action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Destination]) -> None:
        done = list(_enabled(queryset.filter(disabled_at__isnull=False)))
        self._report(request, done, _t("Enabled"))

    def _report(self, request: HttpRequest, done: list[Destination], verb: str) -> None:
        for destination in done:
            self.log_change(request, destination, verb)
        words = ngettext("%(verb)s: %(count)d destination.", "%(verb)s: %(count)d destinations.", len(done))
        self.message_user(request, words % {"verb": verb, "count": len(done)})


def _enabled(queryset: QuerySet[Destination]) -> Iterator[Destination]:
    for destination in queryset:
        destinations.enable(destination)
        yield destination
