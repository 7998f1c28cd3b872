"""Which channels there are: ours, those of installed packages, and those that the settings name.

All are loaded when one is first asked for, and never by an import.
A channel that cannot be used is told by `problems()` and costs the others nothing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.signals import setting_changed

from tocsin import conf
from tocsin.channels import offers
from tocsin.channels.base import Abilities, Channel
from tocsin.channels.forms import SettingsForm
from tocsin.channels.offers import Offer, Unfit
from tocsin.errors import FieldError, InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WANTED_BY = {"sms": ("SMS_GATEWAY_ADDRESS", "SMS_HTTP"), "webpush": ("WEBPUSH_KEYS",)}
"""Settings that make no sense without the channel."""
RESERVED = frozenset(
    {
        "plan",
        "action",
        "user",
        "group",
        "team",
        "org",
        "destination",
        "role",
        "account_manager",
        "everyone",
        "except",
    }
)
_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_MOST_SAID = 200


class Missing(NamedTuple):
    """Why an offer came to nothing."""

    problem: FieldError
    """For the operator: it may quote what was raised."""
    brief: str
    """For whoever names the channel."""
    lacks_extra: bool = False
    """It is one of ours, and nobody installed what it needs: no fault unless something wants it."""


class Found(NamedTuple):
    """What came of the offers."""

    channels: dict[str, Channel]
    providers: dict[str, str]
    missing: dict[str, Missing]
    problems: list[FieldError]


def channels() -> dict[str, Channel]:
    """Every channel that can be used, by slug."""
    return _found().channels


def missing() -> Mapping[str, Missing]:
    """By slug, why a channel that somebody offers is not among `channels()`; extras not installed too."""
    return _found().missing


def problems() -> list[FieldError]:
    """What the operator should know, for the system checks: not of an extra that nobody asked for."""
    return _found().problems


def get(slug: str) -> Channel:
    """The channel called `slug`. Raises `InvalidInput` with the package to install, or the nearest name."""
    found = _found()
    if slug in found.channels:
        return found.channels[slug]
    if slug in found.missing:
        missing = found.missing[slug]
        raise invalid("channel", f"{slug!r} {missing.brief}.", missing.problem.remedy)
    raise invalid("channel", f"{slug!r} is not known.", conf.nearest(slug, found.channels))


def carriers() -> dict[str, Channel]:
    """Every channel that deliveries go out by: those that can be chosen, and those of other kinds of delivery."""
    return _found().channels | _carriers()


def carrier(slug: str) -> Channel:
    """The channel that a delivery goes out by. Raises `InvalidInput`, as `get` does."""
    return _carriers().get(slug) or get(slug)


@cache
def _carriers() -> dict[str, Channel]:
    return {offer.slug: offer.load()() for offer in offers.carriers()}  # type: ignore[operator]


def provider(slug: str) -> str:
    """Where a channel comes from: "tocsin", "settings", or the name of a package."""
    return _found().providers[slug]


def in_app() -> Iterator[Channel]:
    """The channels whose far side is our own inbox."""
    return (channel for channel in channels().values() if channel.in_app)


def built_in() -> list[Channel]:
    """Our own channels, whatever the settings say. Raises `InvalidInput` where one cannot be used."""
    made = list(map(_made, offers.own()))
    if wrong := [one.problem for one in made if isinstance(one, Missing)]:
        raise InvalidInput(*wrong)
    return [one for one in made if isinstance(one, Channel)]


@cache
def _found() -> Found:
    """Settings, an adapter's too, come before packages and built-in ones: who writes a slug there has chosen."""
    found = Found({}, {}, {}, [])
    offered = {offer.slug: offer for offer in offers.own()}
    for offer in offers.of_packages():
        if isinstance(offer, Offer):
            offered[offer.slug] = offer
        else:
            found.problems.append(offer)
    offered |= {offer.slug: offer for offer in offers.of_adapters() if not offer.carries}
    offered |= {offer.slug: offer for offer in offers.of_settings()}
    for slug, offer in offered.items():
        made = _made(offer)
        if isinstance(made, Channel):
            found.channels[slug] = made
            found.providers[slug] = offer.provider
        else:
            found.missing[slug] = made
            found.problems.extend(_told(offer, made))
    return found


def _made(offer: Offer) -> Channel | Missing:
    try:
        return _instance(offer.slug, offer.load)
    except KeyboardInterrupt:
        raise
    except Unfit as error:
        message, remedy = error.args
        return Missing(FieldError(offer.field, f"{message}.", remedy), "cannot be used")
    except BaseException as error:  # SystemExit too: no plugin's import ends this process
        return _failed(offer, error)


def _failed(offer: Offer, error: BaseException) -> Missing:
    if isinstance(error, ModuleNotFoundError) and error.name:
        brief = said = f"cannot be used: there is no module {error.name!r}"
        remedy = f"Install what brings {error.name!r}, or take the channel out."
    else:
        brief = f"cannot be used: loading it raised {type(error).__name__}"
        said = " ".join(f"{brief}: {error}".split())[:_MOST_SAID].rstrip(".: ")
        remedy = f"Mend or update what {offer.provider} brings, or take the channel out."
    lacks_extra = bool(offer.extra) and isinstance(error, ImportError)
    if lacks_extra:
        remedy = f'Run: pip install "tocsin[{offer.extra}]"'
    return Missing(FieldError(offer.field, f"{said}.", remedy), brief, lacks_extra)


def _instance(slug: str, load: Callable[[], object]) -> Channel:
    if slug in RESERVED:
        raise Unfit("is a reserved word", "Choose another slug.")
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise Unfit("is no slug", "Use at most 50 of a-z, 0-9, _ and -, a letter first.")
    made = load()
    if not isinstance(made, type) or not issubclass(made, Channel):
        raise Unfit(f"is {made!r}, no channel", "Name a subclass of tocsin.channels.base.Channel.")
    if (own := getattr(made, "slug", None)) != slug:
        raise Unfit(f"is a channel that calls itself {own!r}", "Use one slug in both places.")
    if not getattr(made, "label", ""):
        raise Unfit("is a channel without a label", "Give its class a label.")
    if not isinstance(made.abilities, Abilities):
        raise Unfit("is a channel whose abilities are none", "Write abilities = Abilities(…).")
    if not isinstance(made.form, type) or not issubclass(made.form, SettingsForm):
        raise Unfit(
            "is a channel whose form is none", "Name a subclass of tocsin.channels.base.SettingsForm."
        )
    return made()


def _told(offer: Offer, missing: Missing) -> Iterator[FieldError]:
    """The problem; of a built-in channel without its extra only what wants it, if anything does."""
    if not missing.lacks_extra or offer.provider != "tocsin":
        yield missing.problem
        return
    for name in WANTED_BY.get(offer.slug, ()):
        if conf.get(name):
            message = f"needs the channel {offer.slug!r}, which {missing.brief}."
            yield FieldError(f"TOCSIN[{name!r}]", message, missing.problem.remedy)


def _forget(**given: Any) -> None:
    if conf.feeds(given["setting"]):
        forget()


def forget() -> None:
    """Ask again what channels there are."""
    _found.cache_clear()
    _carriers.cache_clear()


setting_changed.connect(_forget)
