"""Settings: one dict, `TOCSIN`, of which every key is declared here. `checks.py` refuses the rest."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings

from tocsin import values, vapid
from tocsin.errors import FieldError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `TOCSIN`: its default, one sentence of meaning, and a check that says what is wrong."""

    default: Any
    meaning: str
    problem: Callable[[Any], str]


SETTINGS: dict[str, Setting] = {
    "ADAPTERS": Setting(
        (), "Systems whose code runs here as it is: argus, endi, sentry, taskmanager.", values.adapters
    ),
    "ALLOWED_PRIVATE_NETWORKS": Setting(
        (), "Networks that channels may post to although they are not public.", values.networks
    ),
    "BACKOFF_CAP_SECONDS": Setting(3600, "Longest wait between two attempts.", values.number(0.01, 86400)),
    "BACKOFF_SECONDS": Setting(
        5, "Wait before the second attempt, doubled each time, with full jitter.", values.number(0.001, 3600)
    ),
    "BASE_URL": Setting("", "Where this site is reached; makes links in messages absolute.", values.text),
    "BROKER_URL": Setting(
        "",
        "With the engine celery: where hints are sent by, amqp://… or redis://…, without an app of your own.",
        values.text,
    ),
    "BUDGETS": Setting(
        {},
        'What all workers together may send, by channel or host: {"email": {"per_second": 50, "at_once": 20}}.',
        values.budgets,
    ),
    "CELERY_APP": Setting(
        "",
        'With the engine celery: the dotted path of your own Celery app, such as "shop.celery.app".',
        values.text,
    ),
    "CHANNELS": Setting({}, "Further channels: slug → dotted path of a Channel class.", values.mapping),
    "CHANNEL_THREADS": Setting(
        {}, "Threads per channel where one is too few: slug → number.", values.mapping
    ),
    "ENGINE": Setting(
        "inline",
        "Who does the work: threads of this process, `tocsin worker`, or workers of Celery.",
        values.choice("inline", "worker", "celery"),
    ),
    "EVENT_TYPES": Setting(
        {}, "Event types declared in settings: key → arguments of event_type().", values.mapping
    ),
    "FROM_EMAIL": Setting("", "Sender of e-mails; empty means DEFAULT_FROM_EMAIL.", values.text),
    "GIVE_UP_HOURS": Setting(
        72, "A delivery older than this is not retried again.", values.number(0.001, 8760)
    ),
    "GITHUB_API_URL": Setting(
        "https://api.github.com",
        "Where GitHub's REST API is: https://HOST/api/v3 for Enterprise Server.",
        values.text,
    ),
    "HOME": Setting(
        "",
        "Folder in which reports wait for the database; empty means TOCSIN_HOME, or ./tocsin-data.",
        values.text,
    ),
    "INBOX_ORIGINS": Setting(
        (),
        "Other origins whose pages may show an inbox, with a token: https://shop.example.org.",
        values.origins,
    ),
    "INLINE_DRAIN_SECONDS": Setting(
        5, "How long a process that ends may finish what it has in hand.", values.number(0, 300)
    ),
    "LEASE_SECONDS": Setting(30, "How long a claim holds without renewal.", values.number(0.2, 3600)),
    "MAILER": Setting("default", "Alias in Django's MAILERS that the e-mail channel uses.", values.text),
    "MAX_ATTEMPTS": Setting(12, "Attempts before a delivery is dead.", values.number(1, 1000)),
    "MAX_BODY_BYTES": Setting(
        262_144, "Largest accepted body, data included, in bytes.", values.number(1024, 64 * 1024 * 1024)
    ),
    "MSTEAMS_HOSTS": Setting(
        (), "Hosts of Teams workflows besides Microsoft's own, such as those of a proxy.", values.strings
    ),
    "PAGERDUTY_URL": Setting(
        "",
        "Where PagerDuty's Events API is: another one for a proxy; empty means PagerDuty's own hosts.",
        values.text,
    ),
    "PLAN_CHUNK": Setting(20_000, "People planned in one transaction.", values.number(1, 1_000_000)),
    "RATE_LIMITS": Setting(
        {},
        'Requests and events a minute, of each token, organization and person: {"token": 600}.',
        values.rates,
    ),
    "RENEW_SECONDS": Setting(10, "How often a worker renews the leases it holds.", values.number(0.05, 1200)),
    "RETENTION": Setting(
        {},
        "For how many days `tocsin prune` keeps what is over: inbox_days, ledger_days; 90 each.",
        values.retention,
    ),
    "RULES": Setting(
        (), "The operator's rules: what is told where, of every organization's events.", values.rules
    ),
    "SECRET_KEYS": Setting(
        (),
        "Fernet keys for secrets at rest, newest first; empty derives one from SECRET_KEY.",
        values.fernet_keys,
    ),
    "SLACK_API_URL": Setting(
        "https://slack.com/api/",
        "Where Slack's Web API is: another one for GovSlack or a proxy.",
        values.text,
    ),
    "SMS_GATEWAY_ADDRESS": Setting(
        "",
        "E-mail address of an SMS gateway: sms@example.com sends to sms+NUMBER@example.com.",
        values.gateway,
    ),
    "SMS_HTTP": Setting(
        {},
        "An account at an SMS provider that speaks like Twilio: url, user, password, from.",
        values.sms_http,
    ),
    "SUBJECT_PREFIX": Setting("", "What the subject of every message begins with.", values.text),
    "SWEEP_SECONDS": Setting(1, "How often what is due or was lost is looked for.", values.number(0.02, 600)),
    "TASKS_OF_CELERY": Setting(
        (), 'Celery tasks that are reported when they end, by name: ["shop.*"].', values.strings
    ),
    "TASKS_OF_COMMANDS": Setting(
        (), 'Management commands that are reported when they end: ["import_*"], or ["*"].', values.strings
    ),
    "TASKS_OF_DJANGO": Setting(
        (),
        'Tasks of django.tasks that are reported when they end, by path: ["shop.tasks.*"].',
        values.strings,
    ),
    "VERIFY_DESTINATIONS": Setting(
        (),
        "Channels on which people must confirm an address of theirs, by a code sent to it.",
        values.strings,
    ),
    "WATCHDOG_MINUTES": Setting(
        15,
        "Work that is due for longer is told as an event of the type tocsin:late; 0 for never.",
        values.number(0, 10_080),
    ),
    "WEBHOOK_SENDERS": Setting(
        (),
        "Whose signed webhooks are taken: name, secrets, and with them organization and event.",
        values.rules,
    ),
    "WEBPUSH_CONTACT": Setting(
        "",
        "Whom push services may write to: mailto:ops@example.org or an https URL; else FROM_EMAIL or BASE_URL.",
        vapid.contact_problem,
    ),
    "WEBPUSH_KEYS": Setting(
        (), "Private VAPID keys for web push, newest first; see `tocsin webpush keys`.", vapid.keys_problem
    ),
    "USER_FIELDS": Setting(
        {}, "ORM paths from the user to email, name, time_zone and locale.", values.user_fields
    ),
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
