"""Django's system checks: a wrong setting is one clear line at start, never an error at three in the morning."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.db import connections, router

from tocsin import conf
from tocsin.channels import registry
from tocsin.errors import FieldError, InvalidInput
from tocsin.events import types
from tocsin.recipients import users
from tocsin.rules import operator, registrations
from tocsin.sources import signed
from tocsin.values import is_host

SQLITE_OPTIONS = """"OPTIONS": {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}"""


def register() -> None:
    """Make the checks known to Django."""
    checks.register(check_settings, "tocsin")
    checks.register(check_event_types, "tocsin")
    checks.register(check_registrations, "tocsin")
    checks.register(check_rules, "tocsin")
    checks.register(check_senders, "tocsin")
    checks.register(check_engine, "tocsin")
    checks.register(check_budgets, "tocsin")
    checks.register(check_database, "tocsin", checks.Tags.database)
    checks.register(check_deploy, "tocsin", deploy=True)


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """Every key of TOCSIN is known and sane, and every channel can be loaded; without one the rest runs."""
    wrong = list(conf.problems())
    if wrong:
        return [_error(problem, "tocsin.E001") for problem in wrong]
    return [
        *(_error(problem, "tocsin.E002") for problem in _user_fields()),
        *(_warning(problem, "tocsin.W005") for problem in registry.problems()),
    ]


def _user_fields() -> list[FieldError]:
    wrong = []
    for name, path in users.field_paths().items():
        if path and not users.has_path(path):
            wrong.append(
                FieldError(
                    f"TOCSIN['USER_FIELDS'][{name!r}]", f"{path!r} leads nowhere from the user model.",
                    "Give an ORM path such as profile__tz.",
                )
            )  # fmt: skip
    return wrong


def check_event_types(**_: Any) -> list[checks.CheckMessage]:
    """Every declared type names channels that exist; one that is not installed is told once."""
    found: list[checks.CheckMessage] = []
    try:
        declared = types.types()
    except (InvalidInput, AttributeError) as error:
        return [checks.Error(f"TOCSIN['EVENT_TYPES']: {error}", id="tocsin.E003")]
    for key, declaration in declared.items():
        for slug in declaration.channels:
            found += _of_channel(f"event type {key!r}", slug)
    return found


def check_registrations(**_: Any) -> list[checks.CheckMessage]:
    """Every registration is a class that can be fired, for a trigger, a service and a target that exist."""
    try:
        return [_error(problem, "tocsin.E005") for problem in registrations.problems()]
    except (InvalidInput, AttributeError):  # of the event types: told by check_event_types
        return []


def check_senders(**_: Any) -> list[checks.CheckMessage]:
    """Every sender of signed webhooks has a name and secrets."""
    return [_error(problem, "tocsin.E007") for problem in signed.problems()]


def check_rules(**_: Any) -> list[checks.CheckMessage]:
    """Every rule in the settings is one; one whose settings are empty is off, and that is told."""
    if any(problem.field == "TOCSIN['RULES']" for problem in conf.problems()):
        return []
    errors, warnings = operator.problems()
    return [
        *(_error(problem, "tocsin.E006") for problem in errors),
        *(_warning(problem, "tocsin.W006") for problem in warnings),
    ]


def _of_channel(field: str, slug: str) -> list[checks.CheckMessage]:
    """What is wrong with naming this channel there."""
    if slug in registry.channels():
        return []
    if missing := registry.missing().get(slug):
        if not missing.lacks_extra:  # told by check_settings
            return []
        message = f"names the channel {slug!r}, which {missing.brief}."
        return [_warning(FieldError(field, message, missing.problem.remedy), "tocsin.W005")]
    remedy = conf.nearest(slug, registry.channels())
    return [_error(FieldError(field, f"names the channel {slug!r}.", remedy), "tocsin.E003")]


def check_engine(**_: Any) -> list[checks.CheckMessage]:
    """Where Celery is to carry the hints, it is there and knows by what."""
    if conf.get("ENGINE") != "celery":
        return []
    from tocsin.engines import broker

    return [_error(problem, "tocsin.E008") for problem in broker.problems()]


def check_budgets(**_: Any) -> list[checks.CheckMessage]:
    """Every budget is that of a host, or of a channel that sends."""
    if any(problem.field == "TOCSIN['BUDGETS']" for problem in conf.problems()):
        return []
    found: list[checks.CheckMessage] = []
    for key in conf.get("BUDGETS"):
        field, channel = f"TOCSIN['BUDGETS'][{key!r}]", registry.channels().get(key)
        if channel is not None and channel.in_app:
            remedy = "Leave it out: what is shown in the inbox is not sent anywhere."
            found.append(_error(FieldError(field, "is no channel that sends.", remedy), "tocsin.E009"))
        elif not is_host(key) and key not in registry.carriers():
            found += _of_channel(field, key)
    return found


def check_database(databases: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Users and tocsin share one database; SQLite is set up so that committed means kept."""
    from django.contrib.auth import get_user_model

    from tocsin.events.models import Event

    found: list[checks.CheckMessage] = []
    alias = router.db_for_write(Event)
    if router.db_for_write(get_user_model()) != alias:
        found.append(
            checks.Error("Users and tocsin's tables are in different databases.",
                         hint="Route both to one: planning joins them.", id="tocsin.E004")
        )  # fmt: skip
    if alias in (databases or ()) and connections[alias].vendor == "sqlite":
        with connections[alias].cursor() as cursor:
            journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
            synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
        if journal not in ("wal", "memory") or synchronous < 2:
            found.append(
                checks.Warning("SQLite is not set up to keep what it has acknowledged.",
                               hint=f"Put this into DATABASES[{alias!r}]: {SQLITE_OPTIONS}", id="tocsin.W001")
            )  # fmt: skip
    return found


def check_deploy(**_: Any) -> list[checks.CheckMessage]:
    """What `check --deploy` should say."""
    found: list[checks.CheckMessage] = []
    if conf.get("ENGINE") == "inline":
        found.append(
            checks.Warning("Web processes do the sending themselves (TOCSIN['ENGINE'] is 'inline').",
                           hint="Set it to 'worker' and run `manage.py tocsin worker`; or to 'celery', if you have a "
                                "broker, and run workers of your Celery app.", id="tocsin.W002")
        )  # fmt: skip
    if not conf.get("SECRET_KEYS"):
        found.append(
            checks.Warning("Secrets at rest are encrypted with a key derived from SECRET_KEY.",
                           hint="Set TOCSIN['SECRET_KEYS'], so that each can be changed alone.", id="tocsin.W003")
        )  # fmt: skip
    if not conf.get("BASE_URL"):
        found.append(
            checks.Warning(
                "Links in messages are not absolute.", hint="Set TOCSIN['BASE_URL'].", id="tocsin.W004"
            )
        )
    return found


def _error(problem: FieldError, code: str) -> checks.Error:
    return checks.Error(f"{problem.field} {problem.message}", hint=problem.remedy or None, id=code)


def _warning(problem: FieldError, code: str) -> checks.Warning:
    return checks.Warning(f"{problem.field} {problem.message}", hint=problem.remedy or None, id=code)
