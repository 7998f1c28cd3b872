"""`/metrics` for Prometheus: gauges that are read from the database when it asks. For a token of the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tocsin import __version__, clock
from tocsin.api import answers
from tocsin.api.auth import bearer
from tocsin.deliveries import figures, pauses
from tocsin.engines import heartbeat
from tocsin.tenants import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

QUANTILES = (0.5, 0.95, 0.99)


@login_not_required  # it asks for a token
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What waits, how long, and how the last five minutes went."""
    try:
        from prometheus_client import CollectorRegistry, exposition
    except ModuleNotFoundError:
        return answers.problem(501, 'Install it with: pip install "tocsin[metrics]"').as_response()
    plain = bearer(request.headers.get("Authorization", ""))
    try:
        scope = tokens.authenticate(plain) if plain else None
        if scope is None or not (scope.is_operator and scope.may("events:read")):
            detail = "Send a token of the operator with the scope events:read."
            refusal = answers.Refusal(401, detail, WWW_Authenticate='Bearer realm="tocsin"')
            return answers.of_error(refusal).as_response()
        registry = CollectorRegistry()
        registry.register(_Collector())
        body = exposition.generate_latest(registry)
    except (DatabaseError, InterfaceError) as error:
        return answers.of_error(error).as_response()
    return HttpResponse(
        body, content_type=exposition.CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


class _Collector:
    """Reads everything once for each scrape."""

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("tocsin", "The version that answers.", {"version": __version__})
        yield _gauge(
            GaugeMetricFamily, "tocsin_deliveries", "Deliveries that have not ended, and dead ones.",
            ["channel", "state"], figures.waiting(),
        )  # fmt: skip
        yield _gauge(
            GaugeMetricFamily, "tocsin_events", "Events that are not planned yet.", ["state"],
            {(state,): number for state, number in figures.events_waiting().items()},
        )  # fmt: skip
        now = clock.now()
        ages = {(name,): (now - due).total_seconds() for name, due in figures.oldest_due().items()}
        yield _gauge(
            GaugeMetricFamily, "tocsin_oldest_due_seconds",
            "For how long the oldest due work of a channel has waited; of planning, as the channel plan.",
            ["channel"], ages,
        )  # fmt: skip
        late = [name for (name,) in ages]
        yield _gauge(
            GaugeMetricFamily, "tocsin_due",
            "Deliveries that are due now, at most 100,000 of a channel; events to be planned, as the channel plan.",
            ["channel"], {(name,): number for name, number in figures.due_now(late).items()},
        )  # fmt: skip
        recent = figures.recent()
        yield _gauge(
            GaugeMetricFamily, "tocsin_recent_attempts", "Attempts of the last five minutes, at most 20,000.",
            ["channel", "outcome"], recent.attempts,
        )  # fmt: skip
        yield _gauge(
            GaugeMetricFamily, "tocsin_recent_seconds", "From due to sent, of the attempts of the last five minutes.",
            ["channel", "quantile"],
            {
                (channel, f"{part:g}"): found[min(len(found) - 1, int(part * len(found)))]
                for channel, found in recent.seconds.items()
                for part in QUANTILES
            },
        )  # fmt: skip
        yield _gauge(
            GaugeMetricFamily, "tocsin_paused", "Channels that are paused; all of them, where the name is empty.",
            ["channel"], {(name,): 1 for name in pauses.paused()},
        )  # fmt: skip
        live = list(heartbeat.live_workers().values_list("engine", flat=True))
        yield _gauge(
            GaugeMetricFamily, "tocsin_workers", "Processes that do the work.", ["engine"],
            {(engine,): live.count(engine) for engine in set(live)},
        )  # fmt: skip


def _gauge(family: Any, name: str, words: str, labels: list[str], found: Any) -> Any:
    gauge = family(name, words, labels=labels)
    for values, number in sorted(found.items()):
        gauge.add_metric(values, number)
    return gauge
