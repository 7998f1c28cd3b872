"""A backlog that other processes work off: how long from the commit until the last outcome is written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db import OperationalError, connection

from bench.inside import people
from tocsin import pipeline
from tocsin.deliveries.models import Attempt
from tocsin.engines import heartbeat
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 300.0
POLL_SECONDS = 0.1
ACCEPTED = 1_000
"""Events in one commit."""


def prepare() -> None:
    """One person who is told by `memory`."""
    user = User.objects.create_user("reader", "reader@example.net")
    add_destination(user, "memory", {"name": "reader"})
    people.settle()


def tenants(count: int) -> None:
    """So many organizations."""
    Organization.objects.bulk_create([Organization(slug=f"o{number}", name="x") for number in range(count)])


def await_workers(count: int) -> None:
    """Until so many processes have said that they live."""
    _until(lambda: heartbeat.live_workers().count() >= count)


def worked_off(count: int) -> float:
    """Deliveries per second: `count` events are accepted, each for one person, and others plan and send them."""
    people.clear()
    draft = {"type": "drill", "title": "x", "to": ["user:reader"], "channel": "memory"}
    began = time.perf_counter()
    for start in range(0, count, ACCEPTED):
        pipeline.accept_group([[pipeline.parse(draft)] for _ in range(min(ACCEPTED, count - start))])
    _until(lambda: _sent() >= count)
    return count / (time.perf_counter() - began)


def beside(*, each: int, quiet: int, urls: list[str], tarpit: str, flood: int) -> float:
    """Deliveries per second of `quiet` organizations, `each` of them so many, beside `flood` of one to a tarpit."""
    _clear()
    if flood:
        _accept("o0", tarpit, flood)
        connection.close()
    began = time.perf_counter()
    for number in range(1, quiet + 1):
        _accept(f"o{number}", urls[number % len(urls)], each)
    wanted = each * quiet
    _until(lambda: _sent() >= wanted)
    return wanted / (time.perf_counter() - began)


def _clear() -> None:
    """Also beside a worker that is busy with what is left of the flood: its locks and ours may stand crosswise."""
    for left in reversed(range(10)):
        try:
            people.clear("tocsin_rest")
        except OperationalError:
            if not left:
                raise
        else:
            return


def _sent() -> int:
    """By the attempts, for these are few columns: whoever asks often takes the processor from those who work."""
    return Attempt.objects.filter(outcome="sent").count()


def _accept(organization: str, url: str, count: int) -> None:
    destination = _destination(organization, url)
    draft = {
        "type": "drill",
        "title": "x",
        "to": [f"destination:{destination}"],
        "organization": organization,
    }
    for start in range(0, count, ACCEPTED):
        pipeline.accept_group([[pipeline.parse(draft)] for _ in range(min(ACCEPTED, count - start))])


def _destination(organization: str, url: str) -> int:
    owner = Organization.objects.get(slug=organization)
    found = Destination.objects.filter(organization=owner, label=url).first()
    return (found or add_destination(owner, "webhook", {"url": url}, label=url)).pk


def _until(condition: Callable[[], object]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not condition():
        assert time.perf_counter() < deadline, "the workers did not come to an end"
        time.sleep(POLL_SECONDS)
