"""Destinations of one owner, on a person's own page and at an organization's desk: listed, made, tried, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin import pipeline
from tocsin.channels import registry
from tocsin.errors import InvalidInput, NotFound, TocsinError
from tocsin.recipients import destinations, managed, proof
from tocsin.recipients.models import Destination
from tocsin.rules.uses import rules_using
from tocsin.tenants.models import Organization
from tocsin.web.destination_form import OwnedForm, form_of
from tocsin.web.destination_words import state_of, try_out
from tocsin.web.owned import Owned
from tocsin.web.rows import channel_name
from tocsin.web.said import say, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from tocsin.channels.base import Channel
    from tocsin.channels.outcomes import Outcome
    from tocsin.tenants.scope import Scope

SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf(Owned):
    """Whose destinations they are, and who changes them."""

    owner: Any
    scope: Scope

    @property
    def is_own(self) -> bool:
        return not isinstance(self.owner, Organization)

    def find(self, key: str) -> Destination:
        """One of the owner's. Raises `Http404` for one that is missing or another's."""
        try:
            found = (managed.find if managed.is_public_id(key) else destinations.find)(key, self.scope)
        except NotFound as error:
            raise Http404(str(error)) from error
        owner = found.user_id if self.is_own else found.organization_id
        if owner != self.owner.pk:
            raise Http404("It is somebody else's.")
        return found


def listing(request: HttpRequest, shelf: Shelf) -> HttpResponse:
    """All of them, with what may be done to each."""
    whose = {"user" if shelf.is_own else "organization": shelf.owner.pk}
    rows = Destination.objects.filter(**whose, managed=False).order_by("channel", "label", "pk")
    found = list(rows[: SHOWN + 1])
    own = managed.entries(shelf.owner.pk) if shelf.is_own else []
    context = {
        "rows": [_row(one, shelf) for one in [*own, *found[:SHOWN]]],
        "more": len(found) > SHOWN,
        "shown": SHOWN,
        "add": shelf.url("-add"),
    }
    return shelf.render(request, "tocsin/destinations.html", context)


def _row(one: Destination, shelf: Shelf) -> dict[str, Any]:
    key = managed.public_id(one)
    return {
        "key": key,
        "one": one,
        "channel": channel_name(one.channel),
        "address": "" if one.identity.startswith("sha256:") else one.identity,
        "state": state_of(one),
        "works": one.disabled_at is None and one.channel in registry.channels(),
        "unproved": not one.managed and proof.is_missing(one.channel, one.verified_at),
        "url": shelf.url("", key),
        "act": shelf.url("-act", key),
    }


def add(request: HttpRequest, shelf: Shelf) -> HttpResponse:
    """Choose a channel, then fill in its form."""
    channel = registry.channels().get(request.GET.get("channel", ""))
    if channel is None or channel.in_app or channel.not_ready() or not channel.typed:
        offers = [
            {"label": one.label, "problem": one.not_ready(), "url": _form_at(one)}
            for one in registry.channels().values()
            if not one.in_app and (one.typed or shelf.is_own)
        ]
        return shelf.render(request, "tocsin/destination_choose.html", {"offers": offers})
    return _edit(request, shelf, channel.slug, None)


def _form_at(channel: Channel) -> str:
    """Where a destination on it is made."""
    return f"?channel={channel.slug}" if channel.typed else f"{reverse('tocsin:inbox')}#push"


def edit(request: HttpRequest, shelf: Shelf, key: str) -> HttpResponse:
    """One of them: its form, its state, and what may be done to it."""
    found = shelf.find(key)
    if found.managed or found.channel not in registry.channels():
        if request.method == "POST":
            raise Http404("It has no form.")
        return shelf.render(request, "tocsin/destination.html", {"row": _row(found, shelf), "form": None})
    return _edit(request, shelf, found.channel, found)


def _edit(request: HttpRequest, shelf: Shelf, slug: str, found: Destination | None) -> HttpResponse:
    by_operator = shelf.scope.is_operator
    kind = form_of(slug, found, OwnedForm, by_operator=by_operator)
    given = request.POST if request.method == "POST" else None
    form = kind(given, instance=found or Destination(channel=slug), owner=shelf.owner)
    channel = registry.get(slug)
    context = {
        "form": form,
        "channel": channel.label,
        "row": _row(found, shelf) if found else None,
        "rules": rules_using(found) if found else [],
    }
    if given is None or not form.is_valid():
        return shelf.render(request, "tocsin/destination.html", context, 200 if given is None else 422)
    saved = form.saved
    if saved is None:  # a channel always saves when its form is valid
        raise Http404("There is nothing to save.")
    if saved.secret_cleared:
        warn(request, _("The address is another one, so the old secret was dropped."))
    if found is None and proof.is_missing(slug, saved.destination.verified_at):
        _try(request, saved.destination, pipeline.send_code)
    else:
        say(request, _("“%(label)s” is kept.") % {"label": saved.destination.label})
    if saved.made:
        shown = {"made": saved.made, "next": shelf.url("", saved.destination.pk)}
        return shelf.render(request, "tocsin/destination_made.html", shown)
    return HttpResponseRedirect(shelf.url("", saved.destination.pk) if found is None else shelf.url("s"))


def act(request: HttpRequest, shelf: Shelf, key: str) -> HttpResponse:
    """Test it, switch it off or on, have a code sent, give the code back, or remove it."""
    found = shelf.find(key)
    back = shelf.url("s") if request.POST.get("from") == "list" else shelf.url("", key)
    try:
        match request.POST.get("action", ""):
            case "test":
                _try(request, found, pipeline.test)
            case "disable":
                destinations.disable(found, _("It was disabled by hand."))
                say(
                    request, _("Nothing is sent to “%(label)s” until it is enabled.") % {"label": found.label}
                )
            case "enable":
                destinations.enable(found)
                say(request, _("“%(label)s” is used again.") % {"label": found.label})
            case "code":
                _try(request, found, pipeline.send_code)
            case "confirm":
                proof.confirm(found, request.POST.get("code", ""))
                say(request, _("“%(label)s” is confirmed.") % {"label": found.label})
            case "delete":
                pipeline.remove_destination(found, shelf.scope.name, force="force" in request.POST)
                say(request, _("“%(label)s” is removed.") % {"label": found.label})
                back = shelf.url("s")
            case other:
                raise Http404(f"{other!r} cannot be done.")
    except InvalidInput as error:
        warn(request, " ".join(f"{one.field} {one.message} {one.remedy}" for one in error.errors))
    except TocsinError as error:
        warn(request, str(error))
    return HttpResponseRedirect(back)


def _try(request: HttpRequest, found: Destination, send: Callable[[Destination], Outcome]) -> None:
    tried = try_out(found, send)
    told = _("“%(label)s”: %(words)s") % {"label": found.label, "words": tried.words}
    (say if tried.is_sent else warn)(request, told)
