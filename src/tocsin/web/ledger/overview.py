"""How it goes: what went out and what failed, what waits and for how long; and the switches that stop it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tocsin import clock
from tocsin.channels import registry
from tocsin.deliveries import pauses
from tocsin.deliveries.pulse import MOST, MOST_WAITING, Flow, pulse
from tocsin.engines import heartbeat
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.web.access import for_keepers
from tocsin.web.ledger import plots
from tocsin.web.policy import strict
from tocsin.web.rows import channel_name
from tocsin.web.said import say, warn

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import Promise

    from tocsin.deliveries.models import Pause
    from tocsin.deliveries.pulse import Pulse
    from tocsin.tenants.scope import Scope

LATE_SECONDS = 60
"""What has been due for longer is late."""
KEPT_SECONDS = 4.0
"""For how long the same numbers serve all who look."""
_kept: dict[frozenset[int] | None, tuple[float, datetime, Pulse]] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One channel."""

    flow: Flow
    name: str | Promise
    bars: list[plots.Bar]
    pause: Pause | None
    late: float
    """Seconds for which the oldest has been due; 0 where that is not long."""

    @property
    def percent(self) -> str:
        """The part of the last hour's attempts that failed."""
        rate = (self.flow.rate or 0.0) * 100
        return "< 1" if rate < 1 else f"{rate:.0f}"


@strict
@for_keepers()
@require_safe
def overview(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Throughput, failures, what waits, and what is paused."""
    now = clock.now()
    found = _pulse(scope, now)
    stopped = {one.channel: one for one in pauses.rows()}
    flows = found.channels + [
        Flow(slug, found.minutes[:0])
        for slug in stopped
        if slug and slug not in {f.slug for f in found.channels}
    ]
    table = [_row(flow, stopped, now) for flow in flows]
    unconfirmed = Event.objects.within(scope).filter(state=EventState.AWAITING_CONFIRMATION)
    context = {
        "minutes": plots.plot(found.minutes, 15),
        "hours": plots.plot(found.hours, 6),
        "table": table,
        "unconfirmed": unconfirmed.order_by()[:MOST_WAITING].count(),
        "everything": stopped.get(""),
        "can_pause": _may_pause(scope),
        "is_operator": scope.is_operator,
        "others": _others(flows) if _may_pause(scope) else [],
        "workers": heartbeat.live_workers().count() if scope.is_operator else None,
        "looked_at": MOST,
        "counted": MOST_WAITING,
        "dead": sum(row.flow.dead for row in table),
        "late": [row for row in table if row.late and not row.pause],
        "section": "ledger",
        "tab": "overview",
    }
    return render(request, "tocsin/overview.html", context)


@strict
@for_keepers("deliveries:write")
@require_POST
def pause(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Stop a channel, or everything, or let it go on. For the operator: it holds for every organization."""
    if not _may_pause(scope):
        return render(request, "tocsin/not_yours.html", status=403)
    channel = request.POST.get("channel", "")
    try:
        name = str(channel_name(registry.carrier(channel).slug)) if channel else _("Everything")
    except InvalidInput as error:
        if channel not in pauses.paused():
            warn(request, str(error))
            return redirect("tocsin:overview")
        name = channel
    if request.POST.get("do") == "resume":
        went = pauses.resume(channel)
        said = _("%(name)s goes on.") if went else _("%(name)s was not paused.")
    else:
        pauses.pause(channel, by=request.user.get_username())
        said = _("%(name)s is paused. What is accepted meanwhile waits.")
    say(request, said % {"name": name})
    return redirect("tocsin:overview")


def _may_pause(scope: Scope) -> bool:
    return scope.is_operator and scope.may("deliveries:write")


def _row(flow: Flow, stopped: dict[str, Pause], now: datetime) -> Row:
    late = (now - flow.oldest).total_seconds() if flow.oldest else 0.0
    return Row(
        flow,
        channel_name(flow.slug),
        plots.spark(flow.minutes) if flow.minutes else [],
        stopped.get(flow.slug),
        late if late > LATE_SECONDS else 0.0,
    )


def _others(flows: list[Flow]) -> list[tuple[str, Any]]:
    """Channels without a line in the table, which may be paused too."""
    shown = {flow.slug for flow in flows}
    return sorted((slug, channel_name(slug)) for slug in registry.carriers() if slug not in shown)


def _pulse(scope: Scope, now: datetime) -> Pulse:
    """The numbers, read again when they are some seconds old."""
    kept = _kept.get(scope.organizations)
    if (
        kept is not None
        and kept[0] > time.monotonic()
        and abs((now - kept[1]).total_seconds()) < KEPT_SECONDS
    ):
        return kept[2]
    found = pulse(scope)
    if len(_kept) > 100:
        _kept.clear()
    _kept[scope.organizations] = (time.monotonic() + KEPT_SECONDS, now, found)
    return found
