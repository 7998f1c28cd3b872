"""Who offers a channel: ourselves, installed packages by an entry point, the settings by a dotted path.

`registry` loads what is offered here. No spoke is named but in the table of built-in channels.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module, metadata
from typing import TYPE_CHECKING, NamedTuple

from tocsin import conf
from tocsin.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUILT_IN = {
    "email": "tocsin.channels.email.EmailChannel",
    "webhook": "tocsin.channels.webhook.WebhookChannel",
    "sms": "tocsin.channels.sms.SmsChannel",
    "slack": "tocsin.channels.slack.SlackChannel",
    "msteams": "tocsin.channels.msteams.MsteamsChannel",
    "pagerduty": "tocsin.channels.pagerduty.PagerdutyChannel",
    "webpush": "tocsin.channels.webpush.WebpushChannel",
    "apprise": "tocsin.channels.apprise.AppriseChannel",
    "jira": "tocsin.channels.jira.JiraChannel",
    "github": "tocsin.channels.github.GithubChannel",
    "memory": "tocsin.channels.memory.MemoryChannel",
    "message": "tocsin.inbox.channel.MessageChannel",
    "header_message": "tocsin.inbox.channel.HeaderMessageChannel",
    "alert": "tocsin.inbox.channel.AlertChannel",
}
CARRIERS = {"action": "tocsin.deliveries.action.ActionChannel"}
"""Channels that nobody can choose: deliveries of other kinds go out by them."""
EXTRAS = {"sms": "sms", "apprise": "apprise", "webpush": "webpush"}
"""What `pip install "tocsin[…]"` brings the packages that a channel needs."""
ENTRY_POINTS = "tocsin.channels"


class Offer(NamedTuple):
    """A class that says it is a channel: its slug, what a complaint names, whose it is, how to get it."""

    slug: str
    field: str
    provider: str
    load: Callable[[], object]
    extra: str = ""
    carries: bool = False
    """Nobody can choose it: deliveries of another kind go out by it."""


class Unfit(TypeError):
    """The class cannot be a channel under this slug: what it is, after the name of its field, and the remedy."""


_sources: list[Callable[[], Iterator[Offer]]] = []


def add_source(source: Callable[[], Iterator[Offer]]) -> None:
    """Let an adapter offer channels too. It is asked whenever the settings have changed."""
    if source not in _sources:
        _sources.append(source)


def of_adapters() -> Iterator[Offer]:
    """What adapters offer."""
    for source in _sources:
        yield from source()


def by_path(slug: str, path: str, field: str, provider: str, *, carries: bool = False) -> Offer:
    """An offer of the class at a dotted path."""
    return Offer(slug, field, provider, partial(_by_path, path), carries=carries)


def own() -> Iterator[Offer]:
    """The built-in channels."""
    for slug, path in BUILT_IN.items():
        yield Offer(slug, f"channel {slug!r}", "tocsin", partial(_by_path, path), EXTRAS.get(slug, ""))


def carriers() -> Iterator[Offer]:
    """The channels that nobody can choose."""
    for slug, path in CARRIERS.items():
        yield Offer(slug, f"channel {slug!r}", "tocsin", partial(_by_path, path))
    yield from (offer for offer in of_adapters() if offer.carries)


def of_packages() -> Iterator[Offer | FieldError]:
    """What installed packages offer, but for slugs that the settings decide.

    For one that has the slug of a built-in channel, which stays, a `FieldError`.
    """
    offered: dict[str, dict[str, metadata.EntryPoint]] = {}
    for point in metadata.entry_points(group=ENTRY_POINTS):
        if point.name not in conf.get("CHANNELS"):
            offered.setdefault(point.name, {})[point.value] = point
    for slug, points in sorted(offered.items()):
        field = f"entry point {slug!r} of {' and '.join(sorted(map(_package, points.values())))}"
        choice = f"TOCSIN['CHANNELS'] = {{{slug!r}: {min(points).replace(':', '.')!r}}}"
        if slug in BUILT_IN:
            yield FieldError(
                field, "has the slug of a built-in channel.", f"Uninstall it, or choose it: {choice}."
            )
        elif len(points) > 1:
            remedy = f"Uninstall all but one, or choose one: {choice}."
            yield Offer(slug, field, "", partial(_refuse, "is there more than once", remedy))
        else:
            [point] = points.values()
            yield Offer(slug, field, point.dist.name if point.dist else point.module, point.load)


def of_settings() -> Iterator[Offer]:
    """What `TOCSIN["CHANNELS"]` names."""
    for slug, path in conf.get("CHANNELS").items():
        extra = EXTRAS.get(slug, "") if path == BUILT_IN.get(slug) else ""
        yield Offer(slug, f"TOCSIN['CHANNELS'][{slug!r}]", "settings", partial(_by_path, path), extra)


def _package(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.module


def _refuse(message: str, remedy: str) -> object:
    raise Unfit(message, remedy)


def _by_path(path: object) -> object:
    if not isinstance(path, str) or not path.strip(".").count("."):
        return _refuse(f"is {path!r}", "Write the dotted path of a Channel class.")
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
