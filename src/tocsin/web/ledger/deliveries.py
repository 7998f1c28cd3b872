"""The deliveries of the ledger: those that were given up first, and a way to send them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from tocsin import pipeline
from tocsin.deliveries import story
from tocsin.deliveries.intervene import Replayed
from tocsin.deliveries.states import State
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.events.models import Event
from tocsin.web.access import for_keepers
from tocsin.web.ledger.filters import LineFilter, known_types
from tocsin.web.ledger.frame import back
from tocsin.web.policy import strict
from tocsin.web.said import say, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

    from tocsin.tenants.scope import Scope

LINES = 50
CHUNK = 200
AT_ONCE = 5_000
"""Deliveries that one request sends again."""


@strict
@for_keepers()
@require_safe
def deliveries(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Deliveries over all events, newest first; the dead ones where nothing else is asked."""
    form = LineFilter(request.GET, scope)
    after = request.GET.get("after", "")
    valid = form.is_valid()
    page = story.Page([], "")
    if valid:
        try:
            page = story.search(scope, form.wanted, after=after, limit=LINES)
        except InvalidInput as error:
            raise Http404(str(error)) from error
    keys = {line.event_id for line in page.items}
    state = form.asked["state"]
    here = f"{request.path}?{form.query}" + (f"&after={after}" if after else "")
    context = {
        "form": form,
        "types": known_types(scope),
        "page": page,
        "titles": dict(Event.objects.filter(pk__in=keys).values_list("pk", "title")),
        "state": state,
        "is_plain": form.asked == {"state": state},
        "can_replay": scope.narrowed("deliveries:write").may("deliveries:write"),
        "can_pick": any(line.state == State.DEAD for line in page.items),
        "all_picked": "pick" in request.GET,
        "after": after,
        "here": here,
        "section": "ledger",
        "tab": "deliveries",
    }
    return render(request, "tocsin/deliveries.html", context, status=200 if valid else 422)


@strict
@for_keepers("deliveries:write")
@require_POST
def replay(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Send dead deliveries on their way again: those named, or all that a filter finds."""
    try:
        if request.POST.get("what") == "all":
            done, left = _replay_all(request.POST.get("query", ""), scope)
        else:
            done, left = pipeline.replay_some(request.POST.getlist("id")[:LINES], scope), False
    except NotFound as error:
        raise Http404(str(error)) from error
    except Conflict as error:
        warn(request, str(error))
        return back(request, "tocsin:deliveries")
    for words in _said(done):
        say(request, words)
    if left:
        warn(request, _("There are more: do the same again for the next %(number)s.") % {"number": AT_ONCE})
    return back(request, "tocsin:deliveries")


def _replay_all(query: str, scope: Scope) -> tuple[Replayed, bool]:
    """Chunk by chunk, each in a transaction of its own; and whether some are left."""
    form = LineFilter(QueryDict(query), scope)
    if not form.is_valid() or form.wanted.state != State.DEAD:
        raise NotFound("Nothing dead is looked for.")
    done = Replayed()
    count = 0
    for ids in _chunks(form, scope):
        if count >= AT_ONCE:
            return done, True
        done.add(pipeline.replay_some(ids, scope))
        count += len(ids)
    return done, False


def _chunks(form: LineFilter, scope: Scope) -> Iterator[list[str]]:
    after = ""
    while True:
        page = story.search(scope, form.wanted, after=after, limit=CHUNK)
        if page.items:
            yield [line.id for line in page.items]
        if not page.next:
            return
        after = page.next


def _said(done: Replayed) -> Iterator[str]:
    """What came of it, in words."""
    if done.again or not (done.over or done.moved):
        yield (
            ngettext("%d delivery is on its way again.", "%d deliveries are on their way again.", done.again)
            % done.again
        )
    if done.over:
        yield (
            ngettext(
                "%d is not sent again: its event has expired, or was cancelled.",
                "%d are not sent again: their events have expired, or were cancelled.",
                done.over,
            )
            % done.over
        )
    if done.moved:
        yield (
            ngettext(
                "%d was not dead any more, and is left as it is.",
                "%d were not dead any more, and are left as they are.",
                done.moved,
            )
            % done.moved
        )
