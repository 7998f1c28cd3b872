"""The table of contents: accept → match → resolve → plan → deliver → record, each one call."""

from __future__ import annotations

from tocsin.pipeline.addresses import remove_destination, send_code, tell_owner, test
from tocsin.pipeline.intake import accept_group, accept_request, notify, parse, simulate
from tocsin.pipeline.interventions import (
    cancel,
    cancel_all,
    cancel_on_delete,
    change_hours,
    confirm,
    event_key,
    forget,
    replay,
    replay_some,
    reschedule,
)
from tocsin.pipeline.recurring import parse_series, repeat, start_series
from tocsin.pipeline.work import batch_size, let_go, renew, run, sweep

__all__ = [
    "accept_group",
    "accept_request",
    "batch_size",
    "cancel",
    "cancel_all",
    "cancel_on_delete",
    "change_hours",
    "confirm",
    "event_key",
    "forget",
    "let_go",
    "notify",
    "parse",
    "parse_series",
    "remove_destination",
    "renew",
    "repeat",
    "replay",
    "replay_some",
    "reschedule",
    "run",
    "send_code",
    "simulate",
    "start_series",
    "sweep",
    "tell_owner",
    "test",
]
