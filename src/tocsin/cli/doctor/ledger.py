"""What the tables say: secrets that open, workers that live, and how long the oldest work has waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin import clock, conf
from tocsin.channels import registry
from tocsin.cli.doctor.findings import Finding, error, ok, warning
from tocsin.cli.output import program
from tocsin.deliveries import budgets, pauses
from tocsin.deliveries.figures import oldest_due
from tocsin.deliveries.models import Delivery
from tocsin.deliveries.states import State
from tocsin.engines import heartbeat
from tocsin.events.models import Event
from tocsin.events.states import EventState
from tocsin.recipients.models import Destination
from tocsin.recipients.secrets import SecretUnreadable, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator


MOST_SECRETS = 1000
LATE_SECONDS = 60
COUNTED = 1000


def secrets() -> Iterator[Finding]:
    """Whether today's keys open what is sealed."""
    sealed = (
        Destination.objects.exclude(secrets="").order_by("-pk").values_list("pk", "secrets")[:MOST_SECRETS]
    )
    closed = [pk for pk, text in sealed if not _opens(text)]
    if closed:
        some = ", ".join(map(str, closed[:5]))
        yield error(
            "secrets",
            f"{len(closed)} destinations cannot be read ({some}, …)",
            "Put the old key back, behind the new one, into the file of keys or SECRET_KEYS.",
        )
    else:
        yield ok("secrets", f"{len(sealed)} destinations have some, and all open")


def _opens(sealed: str) -> bool:
    try:
        unseal(sealed)
    except SecretUnreadable:
        return False
    return True


def workers() -> Iterator[Finding]:
    """Whether someone does the work."""
    live = list(heartbeat.live_workers())
    for worker in live:
        if worker.note:
            yield warning("workers", f"{worker.name}: {worker.note}", "Restart it.")
    if live:
        yield ok("workers", f"{len(live)} alive ({', '.join(sorted({worker.engine for worker in live}))})")
    elif conf.get("ENGINE") == "inline":
        yield warning(
            "workers",
            "none is running now; each process sends what it accepts, while it lives",
            f"Start `{program()} serve` (a host: its web server) for what is due later or retried.",
        )
    else:
        yield error("workers", "none is running", f"Start: {program()} worker")


def paused() -> Iterator[Finding]:
    """What an operator has stopped."""
    for channel in pauses.paused():
        option = f" --channel {channel}" if channel else ""
        yield warning(
            "pauses", f"{channel or 'everything'} is paused", f"Go on with: {program()} resume{option}"
        )


def queue() -> Iterator[Finding]:
    """For how long the oldest due work has waited, for each channel."""
    now = clock.now()
    ages = {name: (now - due).total_seconds() for name, due in oldest_due().items()}
    for name, age in ages.items():
        if age > LATE_SECONDS:
            yield warning(
                "queue",
                f"{name}: the oldest has been due for {_duration(age)}",
                "Its budget is used up: wait, or allow more in BUDGETS."
                if budgets.is_spent(name)
                else f"See that workers run, that nothing is paused, and what `{program()} deliveries list` says.",
            )
    if all(age <= LATE_SECONDS for age in ages.values()):
        yield ok("queue", "nothing is late")


def unready() -> Iterator[Finding]:
    """Channels that people have set up and the operator has not."""
    for slug, channel in registry.channels().items():
        if (problem := channel.not_ready()) and Destination.objects.filter(channel=slug).usable().exists():
            yield warning("channels", f"{slug} has destinations and is not ready", problem)


def dead() -> Iterator[Finding]:
    """Deliveries that were given up."""
    count = Delivery.objects.filter(state=State.DEAD)[:COUNTED].count()
    if count:
        many = f"{count}" if count < COUNTED else f"{COUNTED} or more"
        yield warning(
            "dead",
            f"{many} deliveries were given up",
            f"Look with `{program()} deliveries list --state dead`, mend, then `{program()} deliveries retry`.",
        )


def unconfirmed() -> Iterator[Finding]:
    """Events that name so many people that somebody must confirm them."""
    waiting = Event.objects.filter(state=EventState.AWAITING_CONFIRMATION).order_by("created_at")
    found = list(waiting.values_list("pk", "title", "created_at")[:COUNTED])
    if found:
        pk, title, since = found[0]
        age = _duration((clock.now() - since).total_seconds())
        yield warning(
            "confirm",
            f"{len(found)} events wait for a confirmation, the oldest, “{title}”, for {age}",
            f"Look with `{program()} explain {pk}`, then `{program()} confirm {pk}`, or cancel it.",
        )


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
