"""Channels that an operator has stopped: their deliveries stay pending."""

from __future__ import annotations

from tocsin.deliveries.models import Pause


def pause(channel: str = "", by: str = "") -> None:
    """Stop a channel, or all of them for the empty name. What is in hand is finished."""
    Pause.objects.get_or_create(channel=channel, defaults={"by": by})


def resume(channel: str = "") -> bool:
    """Let a channel go on; the empty name lifts the pause of all. False if it was not paused."""
    return bool(Pause.objects.filter(channel=channel).delete()[0])


def is_paused(channel: str) -> bool:
    return Pause.objects.filter(channel__in=("", channel)).exists()


def paused() -> list[str]:
    """The names of what is paused; the empty one means everything."""
    return list(Pause.objects.order_by("channel").values_list("channel", flat=True))


def rows() -> list[Pause]:
    """What is paused, since when and by whom."""
    return list(Pause.objects.order_by("channel"))
