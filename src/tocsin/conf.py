"""Settings: one dict, `TOCSIN`, of which every key is declared here. `checks.py` refuses the rest."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings

from tocsin.errors import FieldError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `TOCSIN`: its default, one sentence of meaning, and a check that says what is wrong."""

    default: Any
    meaning: str
    problem: Callable[[Any], str]


def _number(low: float, high: float) -> Callable[[Any], str]:
    def problem(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            return f"must be a number from {low} to {high}"
        return ""

    return problem


def _choice(*names: str) -> Callable[[Any], str]:
    return lambda value: "" if value in names else f"must be one of {', '.join(names)}"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a string"


def _mapping(value: Any) -> str:
    return "" if isinstance(value, dict) else "must be a dict"


def _strings(value: Any) -> str:
    fine = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return "" if fine else "must be a list of strings"


def _rules(value: Any) -> str:
    """The rest is looked at by the checks, when channels and event types are known."""
    fine = isinstance(value, list | tuple) and all(isinstance(item, dict) for item in value)
    return "" if fine else "must be a list of dicts"


def _retention(value: Any) -> str:
    if not isinstance(value, dict) or not all(
        isinstance(days, int) and not isinstance(days, bool) and days >= 1 for days in value.values()
    ):
        return "must be a dict of days"
    unknown = sorted(set(value) - set(RETENTION))
    return f"has {', '.join(unknown)}; known are {', '.join(RETENTION)}" if unknown else ""


def _rates(value: Any) -> str:
    kinds = ("token", "organization", "person")
    if not isinstance(value, dict) or not set(value) <= set(kinds):
        return f"must be a dict of {', '.join(kinds)}"
    fine = all(
        isinstance(one, int | float) and not isinstance(one, bool) and one >= 1 for one in value.values()
    )
    return "" if fine else "must have numbers of 1 or more"


def _networks(value: Any) -> str:
    if problem := _strings(value):
        return problem
    for item in value:
        try:
            ipaddress.ip_network(item)
        except ValueError as error:
            return f"has {item!r}, which is no network such as 10.0.0.0/8 ({error})"
    return ""


def _origins(value: Any) -> str:
    if problem := _strings(value):
        return problem
    for origin in value:
        if origin == "*":
            return "has '*', by which any page could ask; name each origin, such as https://shop.example.org"
        if not _ORIGIN.fullmatch(origin):
            return (
                f"has {origin!r}, which is no origin as browsers write it, such as https://shop.example.org"
            )
    return ""


def _user_fields(value: Any) -> str:
    if not isinstance(value, dict) or not all(isinstance(path, str) for path in value.values()):
        return "must be a dict of ORM paths"
    unknown = sorted(set(value) - set(USER_FIELDS))
    return f"has {', '.join(unknown)}; known are {', '.join(USER_FIELDS)}" if unknown else ""


def _fernet_keys(value: Any) -> str:
    from cryptography.fernet import Fernet

    if problem := _strings(value):
        return problem
    try:
        for key in value:
            Fernet(key)
    except ValueError:
        return "has a key that is none; make one with Fernet.generate_key() of the package cryptography"
    return ""


def _gateway(value: Any) -> str:
    if problem := _text(value):
        return problem
    local, at, domain = value.rpartition("@")
    return "" if not value or (at and local and domain) else "must be an e-mail address"


def _sms_http(value: Any) -> str:
    """An operator's account at a provider; the values are not repeated, one is a password."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        return "must be a dict of strings"
    if unknown := sorted(set(value) - set(SMS_HTTP)):
        return f"has {', '.join(unknown)}; known are {', '.join(SMS_HTTP)}"
    missing = [name for name in SMS_HTTP if not value.get(name)] if value else []
    return f"lacks {', '.join(missing)}" if missing else ""


_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?!443$|80$)[1-9]\d{0,4})?")
"""Lower case, no path, and no port that goes without saying."""
SMS_HTTP = ("url", "user", "password", "from")
RETENTION = {"inbox_days": 90, "ledger_days": 90}
USER_FIELDS = {"email": "", "name": "", "time_zone": "", "locale": ""}

ADAPTERS = ("argus", "endi", "sentry", "taskmanager")
ADAPTED = ("MEDIA_PLUGINS", "NOTIFICATION_SUBJECT_PREFIX", "UWSGI_TASKMANAGER_NOTIFICATION_HANDLERS")
"""Django settings of other systems, which adapters read. The standalone server takes them from its file."""


def _adapters(value: Any) -> str:
    fine = isinstance(value, list | tuple) and all(name in ADAPTERS for name in value)
    return "" if fine else f"must be a list of {', '.join(ADAPTERS)}"


SETTINGS: dict[str, Setting] = {
    "ADAPTERS": Setting(
        (), "Systems whose code runs here as it is: argus, endi, sentry, taskmanager.", _adapters
    ),
    "ALLOWED_PRIVATE_NETWORKS": Setting(
        (), "Networks that channels may post to although they are not public.", _networks
    ),
    "BACKOFF_CAP_SECONDS": Setting(3600, "Longest wait between two attempts.", _number(0.01, 86400)),
    "BACKOFF_SECONDS": Setting(
        5, "Wait before the second attempt, doubled each time, with full jitter.", _number(0.001, 3600)
    ),
    "BASE_URL": Setting("", "Where this site is reached; makes links in messages absolute.", _text),
    "BROKER_URL": Setting(
        "",
        "With the engine celery: where hints are sent by, amqp://… or redis://…, without an app of your own.",
        _text,
    ),
    "CELERY_APP": Setting(
        "",
        'With the engine celery: the dotted path of your own Celery app, such as "shop.celery.app".',
        _text,
    ),
    "CHANNELS": Setting({}, "Further channels: slug → dotted path of a Channel class.", _mapping),
    "CHANNEL_THREADS": Setting({}, "Threads per channel where one is too few: slug → number.", _mapping),
    "ENGINE": Setting(
        "inline",
        "Who does the work: threads of this process, `tocsin worker`, or workers of Celery.",
        _choice("inline", "worker", "celery"),
    ),
    "EVENT_TYPES": Setting(
        {}, "Event types declared in settings: key → arguments of event_type().", _mapping
    ),
    "FROM_EMAIL": Setting("", "Sender of e-mails; empty means DEFAULT_FROM_EMAIL.", _text),
    "GIVE_UP_HOURS": Setting(72, "A delivery older than this is not retried again.", _number(0.001, 8760)),
    "HOME": Setting(
        "",
        "Folder in which reports wait for the database; empty means TOCSIN_HOME, or ./tocsin-data.",
        _text,
    ),
    "INBOX_ORIGINS": Setting(
        (), "Other origins whose pages may show an inbox, with a token: https://shop.example.org.", _origins
    ),
    "INLINE_DRAIN_SECONDS": Setting(
        5, "How long a process that ends may finish what it has in hand.", _number(0, 300)
    ),
    "LEASE_SECONDS": Setting(30, "How long a claim holds without renewal.", _number(0.2, 3600)),
    "MAILER": Setting("default", "Alias in Django's MAILERS that the e-mail channel uses.", _text),
    "MAX_ATTEMPTS": Setting(12, "Attempts before a delivery is dead.", _number(1, 1000)),
    "MAX_BODY_BYTES": Setting(
        262_144, "Largest accepted body, data included, in bytes.", _number(1024, 64 * 1024 * 1024)
    ),
    "MSTEAMS_HOSTS": Setting(
        (), "Hosts of Teams workflows besides Microsoft's own, such as those of a proxy.", _strings
    ),
    "PLAN_CHUNK": Setting(20_000, "People planned in one transaction.", _number(1, 1_000_000)),
    "RATE_LIMITS": Setting(
        {}, 'Requests and events a minute, of each token, organization and person: {"token": 600}.', _rates
    ),
    "RENEW_SECONDS": Setting(10, "How often a worker renews the leases it holds.", _number(0.05, 1200)),
    "RETENTION": Setting(
        {},
        "For how many days `tocsin prune` keeps what is over: inbox_days, ledger_days; 90 each.",
        _retention,
    ),
    "RULES": Setting((), "The operator's rules: what is told where, of every organization's events.", _rules),
    "SECRET_KEYS": Setting(
        (), "Fernet keys for secrets at rest, newest first; empty derives one from SECRET_KEY.", _fernet_keys
    ),
    "SLACK_API_URL": Setting(
        "https://slack.com/api/", "Where Slack's Web API is: another one for GovSlack or a proxy.", _text
    ),
    "SMS_GATEWAY_ADDRESS": Setting(
        "", "E-mail address of an SMS gateway: sms@example.com sends to sms+NUMBER@example.com.", _gateway
    ),
    "SMS_HTTP": Setting(
        {}, "An account at an SMS provider that speaks like Twilio: url, user, password, from.", _sms_http
    ),
    "SUBJECT_PREFIX": Setting("", "What the subject of every message begins with.", _text),
    "SWEEP_SECONDS": Setting(1, "How often what is due or was lost is looked for.", _number(0.02, 600)),
    "TASKS_OF_CELERY": Setting(
        (), 'Celery tasks that are reported when they end, by name: ["shop.*"].', _strings
    ),
    "TASKS_OF_COMMANDS": Setting(
        (), 'Management commands that are reported when they end: ["import_*"], or ["*"].', _strings
    ),
    "TASKS_OF_DJANGO": Setting(
        (), 'Tasks of django.tasks that are reported when they end, by path: ["shop.tasks.*"].', _strings
    ),
    "VERIFY_DESTINATIONS": Setting(
        (), "Channels on which people must confirm an address of theirs, by a code sent to it.", _strings
    ),
    "WATCHDOG_MINUTES": Setting(
        15,
        "Work that is due for longer is told as an event of the type tocsin:late; 0 for never.",
        _number(0, 10_080),
    ),
    "WEBHOOK_SENDERS": Setting(
        (), "Whose signed webhooks are taken: name, secrets, and with them organization and event.", _rules
    ),
    "USER_FIELDS": Setting({}, "ORM paths from the user to email, name, time_zone and locale.", _user_fields),
}


def get(name: str) -> Any:
    """The value of `TOCSIN[name]`, or its default. Raises KeyError for a name that is not declared."""
    setting = SETTINGS[name]
    given = _given()
    if name not in given and name in _lent:
        return _lent[name]() or setting.default
    return given.get(name, setting.default)


_lent: dict[str, Callable[[], Any]] = {}
_feeding = {"TOCSIN"}


def lend(name: str, read: Callable[[], Any]) -> None:
    """Have an adapter give the value of `TOCSIN[name]` where the project does not."""
    _lent[name] = read


def feeds(setting: str) -> bool:
    """Whether what is read of the settings may change with this one of Django's."""
    return setting in _feeding


def watch(setting: str) -> None:
    """What is read of the settings changes with this one of Django's too: an adapter reads it."""
    _feeding.add(setting)


def _given() -> Mapping[str, Any]:
    given = getattr(django_settings, "TOCSIN", {})
    return given if isinstance(given, dict) else {}


def problems() -> Iterator[FieldError]:
    """What is wrong with `TOCSIN`, for the system checks. Secret values are not repeated."""
    given = getattr(django_settings, "TOCSIN", {})
    if not isinstance(given, dict):
        yield FieldError("TOCSIN", "must be a dict.", "Write TOCSIN = {…} in the settings.")
        return
    for name, value in given.items():
        if name not in SETTINGS:
            yield FieldError(f"TOCSIN[{name!r}]", "is no setting.", nearest(str(name), SETTINGS))
        elif problem := SETTINGS[name].problem(value):
            yield FieldError(f"TOCSIN[{name!r}]", f"{problem}.", SETTINGS[name].meaning)


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for a misspelt name: the nearest known one, or all of them."""
    known = sorted(known)
    if close := get_close_matches(name, known, n=1):
        return f"Did you mean {close[0]!r}?"
    return f"Known are: {', '.join(known) or 'none yet'}."


def check_slug(field: str, name: str, known: Iterable[str]) -> str:
    """`name` if it is among `known`; else raises `InvalidInput` with the nearest known name."""
    known = list(known)
    if name not in known:
        raise invalid(field, f"{name!r} is not known.", nearest(name, known))
    return name


def secret_keys() -> tuple[bytes, ...]:
    """The Fernet keys in force, newest first."""
    return _keys(tuple(get("SECRET_KEYS")), django_settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _keys(keys: tuple[str, ...], fallback: str) -> tuple[bytes, ...]:
    if keys:
        return tuple(key.encode() for key in keys)
    derived = hashlib.scrypt(fallback.encode(), salt=b"tocsin secrets at rest", n=2**14, r=8, p=1, dklen=32)
    return (base64.urlsafe_b64encode(derived),)
