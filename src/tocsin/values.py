"""What a value of a setting may be: each function says what is wrong with one, "" if nothing is. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def number(low: float, high: float) -> Callable[[Any], str]:
    def problem(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            return f"must be a number from {low} to {high}"
        return ""

    return problem


def choice(*names: str) -> Callable[[Any], str]:
    return lambda value: "" if value in names else f"must be one of {', '.join(names)}"


def text(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a string"


def mapping(value: Any) -> str:
    return "" if isinstance(value, dict) else "must be a dict"


def strings(value: Any) -> str:
    fine = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return "" if fine else "must be a list of strings"


def rules(value: Any) -> str:
    """The rest is looked at by the checks, when channels and event types are known."""
    fine = isinstance(value, list | tuple) and all(isinstance(item, dict) for item in value)
    return "" if fine else "must be a list of dicts"


def retention(value: Any) -> str:
    if not isinstance(value, dict) or not all(
        isinstance(days, int) and not isinstance(days, bool) and days >= 1 for days in value.values()
    ):
        return "must be a dict of days"
    unknown = sorted(set(value) - set(RETENTION))
    return f"has {', '.join(unknown)}; known are {', '.join(RETENTION)}" if unknown else ""


def rates(value: Any) -> str:
    kinds = ("token", "organization", "person")
    if not isinstance(value, dict) or not set(value) <= set(kinds):
        return f"must be a dict of {', '.join(kinds)}"
    fine = all(
        isinstance(one, int | float) and not isinstance(one, bool) and one >= 1 for one in value.values()
    )
    return "" if fine else "must have numbers of 1 or more"


def budgets(value: Any) -> str:
    """Whether a name without a dot is a channel's is looked at by the checks, when channels are known."""
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        return 'must be a dict of dicts: {"email": {"per_second": 50}}'
    for key, given in value.items():
        if problem := _host_problem(key) or _budget_problem(given):
            return f"has {key!r}, which {problem}"
    return ""


def is_host(key: str) -> bool:
    """Whether a key of `BUDGETS` is the name of a host: no channel has a dot, or a colon, in its slug."""
    return "." in key or ":" in key or key == "localhost"


def _host_problem(key: Any) -> str:
    if not isinstance(key, str) or (is_host(key) and not (_HOST.fullmatch(key) or _is_ipv6(key))):
        return "is no host name; write it in lower case, without scheme, port and path: hooks.example.com"
    return ""


def _is_ipv6(key: str) -> bool:
    try:
        return str(ipaddress.IPv6Address(key)) == key
    except ipaddress.AddressValueError:
        return False


def _budget_problem(given: dict[Any, Any]) -> str:
    if unknown := sorted(set(map(str, given)) - set(BUDGET)):
        return f"has {', '.join(unknown)}; known are {', '.join(BUDGET)}"
    if "per_second" not in given and "at_once" not in given:
        return "has neither per_second nor at_once"
    if "burst" in given and "per_second" not in given:
        return "has a burst of nothing: give per_second too"
    for name, between in BUDGET.items():
        if name in given and (problem := number(*between)(given[name])):
            return f"has a wrong {name}: it {problem}"
    if not isinstance(given.get("at_once", 1), int):
        return "has a wrong at_once: it must be a whole number"
    return ""


def networks(value: Any) -> str:
    if problem := strings(value):
        return problem
    for item in value:
        try:
            ipaddress.ip_network(item)
        except ValueError as error:
            return f"has {item!r}, which is no network such as 10.0.0.0/8 ({error})"
    return ""


def origins(value: Any) -> str:
    if problem := strings(value):
        return problem
    for origin in value:
        if origin == "*":
            return "has '*', by which any page could ask; name each origin, such as https://shop.example.org"
        if not _ORIGIN.fullmatch(origin):
            return (
                f"has {origin!r}, which is no origin as browsers write it, such as https://shop.example.org"
            )
    return ""


def user_fields(value: Any) -> str:
    if not isinstance(value, dict) or not all(isinstance(path, str) for path in value.values()):
        return "must be a dict of ORM paths"
    unknown = sorted(set(value) - set(USER_FIELDS))
    return f"has {', '.join(unknown)}; known are {', '.join(USER_FIELDS)}" if unknown else ""


def fernet_keys(value: Any) -> str:
    from cryptography.fernet import Fernet

    if problem := strings(value):
        return problem
    try:
        for key in value:
            Fernet(key)
    except ValueError:
        return "has a key that is none; make one with Fernet.generate_key() of the package cryptography"
    return ""


def gateway(value: Any) -> str:
    if problem := text(value):
        return problem
    local, at, domain = value.rpartition("@")
    return "" if not value or (at and local and domain) else "must be an e-mail address"


def sms_http(value: Any) -> str:
    """An operator's account at a provider; the values are not repeated, one is a password."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        return "must be a dict of strings"
    if unknown := sorted(set(value) - set(SMS_HTTP)):
        return f"has {', '.join(unknown)}; known are {', '.join(SMS_HTTP)}"
    missing = [name for name in SMS_HTTP if not value.get(name)] if value else []
    return f"lacks {', '.join(missing)}" if missing else ""


_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?!443$|80$)[1-9]\d{0,4})?")
"""Lower case, no path, and no port that goes without saying."""
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
BUDGET = {"per_second": (0.001, 1_000_000), "burst": (1, 1_000_000), "at_once": (1, 10_000)}
"""What a budget may say, and the least and the most of each."""
SMS_HTTP = ("url", "user", "password", "from")
RETENTION = {"inbox_days": 90, "ledger_days": 90}
USER_FIELDS = {"email": "", "name": "", "time_zone": "", "locale": ""}

ADAPTERS = ("argus", "endi", "sentry", "taskmanager")
ADAPTED = ("MEDIA_PLUGINS", "NOTIFICATION_SUBJECT_PREFIX", "UWSGI_TASKMANAGER_NOTIFICATION_HANDLERS")
"""Django settings of other systems, which adapters read. The standalone server takes them from its file."""


def adapters(value: Any) -> str:
    fine = isinstance(value, list | tuple) and all(name in ADAPTERS for name in value)
    return "" if fine else f"must be a list of {', '.join(ADAPTERS)}"
