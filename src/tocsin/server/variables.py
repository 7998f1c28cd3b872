"""The TOCSIN_* variables and the TOML file, made into the dict `TOCSIN`. Knows no Django."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tocsin.errors import FieldError, InvalidInput, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOOKS_MISSPELT = 0.85


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: what it means, and the key of `TOCSIN` it sets, if it sets one."""

    meaning: str
    default: str = ""
    setting: str = ""
    convert: Callable[[str], Any] = str


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


VARIABLES: dict[str, Variable] = {
    "TOCSIN_HOME": Variable("The folder for data and keys.", "`./tocsin-data`"),
    "TOCSIN_CONFIG": Variable("A TOML file with any of the settings below; the variables go before it."),
    "TOCSIN_DATABASE_URL": Variable(
        "`sqlite:////absolute/path.sqlite3` or `postgresql://user:password@host:5432/name?sslmode=require`.",
        "`tocsin.sqlite3` in the home",
    ),
    "TOCSIN_EMAIL_URL": Variable(
        "`smtp://user:password@host:port`, `smtps://…` (TLS from the first byte) or `smtp+starttls://…`.",
        "`smtp://localhost:25`",
    ),
    "TOCSIN_LOG_FORMAT": Variable("How it logs: `line`, or `json` for one object a line.", "`line`"),
    "TOCSIN_FROM_EMAIL": Variable("Sender of e-mails.", "`tocsin@localhost`", "FROM_EMAIL"),
    "TOCSIN_BASE_URL": Variable(
        "Where the server is reached. Names the host it answers to; links in messages are made with it.",
        "",
        "BASE_URL",
        lambda text: text.rstrip("/"),
    ),
    "TOCSIN_SECRET_KEYS": Variable(
        "Fernet keys, newest first, parted by commas.", "made and kept in the home", "SECRET_KEYS", _list
    ),
    "TOCSIN_ALLOWED_PRIVATE_NETWORKS": Variable(
        "Networks that may be posted to although they are not public, parted by commas: `10.0.0.0/8`.",
        "none",
        "ALLOWED_PRIVATE_NETWORKS",
        _list,
    ),
    "TOCSIN_INBOX_ORIGINS": Variable(
        "Other origins whose pages may show an inbox, parted by commas: `https://shop.example.org`.",
        "none",
        "INBOX_ORIGINS",
        _list,
    ),
    "TOCSIN_SMS_GATEWAY_ADDRESS": Variable(
        "E-mail address of an SMS gateway: `sms@example.com`.", "none", "SMS_GATEWAY_ADDRESS"
    ),
    "TOCSIN_WEBPUSH_KEYS": Variable(
        "Private VAPID keys for web push, newest first, parted by commas.",
        "kept in the home, made by `tocsin webpush keys`",
        "WEBPUSH_KEYS",
        _list,
    ),
    "TOCSIN_WEBPUSH_CONTACT": Variable(
        "Whom push services may write to: `mailto:ops@example.org`, or an https URL.",
        "the sender of e-mails",
        "WEBPUSH_CONTACT",
    ),
    "TOCSIN_ENGINE": Variable("Who does the work: `inline`, `worker` or `celery`.", "`inline`", "ENGINE"),
    "TOCSIN_BROKER_URL": Variable(
        "With the engine `celery`: `amqp://user:password@host:5672/name` or `redis://host:6379/0`.",
        "",
        "BROKER_URL",
    ),
}


def refuse_misspelt(environ: Mapping[str, str]) -> None:
    """Raise `InvalidInput` for a variable that is almost one of ours.

    Other TOCSIN_* names pass: Kubernetes makes some (TOCSIN_PORT, …) for a service that is called tocsin.
    """
    for name in environ:
        foreign = not name.startswith("TOCSIN") or name in VARIABLES
        if not foreign and (close := get_close_matches(name, VARIABLES, n=1, cutoff=LOOKS_MISSPELT)):
            raise invalid(name, "is no variable of tocsin.", f"Did you mean {close[0]}?")


def tocsin_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """The dict `TOCSIN`: the TOML file, with the variables over it. Raises `InvalidInput`."""
    refuse_misspelt(environ)
    given: dict[str, Any] = filled(read_toml(environ.get("TOCSIN_CONFIG", "")), environ)
    for name, variable in VARIABLES.items():
        if variable.setting and environ.get(name):
            given[variable.setting] = variable.convert(environ[name])
    if base_url := given.get("BASE_URL"):
        check_base_url(base_url)
    return given


def read_toml(path: str) -> dict[str, Any]:
    """The settings in the file; {} for the empty path. Raises `InvalidInput`."""
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise invalid("TOCSIN_CONFIG", f"{path}: {error.strerror}.", "Name a readable TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise invalid(
            "TOCSIN_CONFIG", f"{path}: {error}.", "Mend the file; see toml.io for the rules."
        ) from None


def filled(value: Any, environ: Mapping[str, str]) -> Any:
    """The settings with `{ env = "NAME" }` replaced by the variable; by the empty text where it is not set."""
    if isinstance(value, list):
        return [filled(one, environ) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"env"} and isinstance(value["env"], str):
        return environ.get(value["env"], "")
    return {name: filled(one, environ) for name, one in value.items()}


def check_base_url(base_url: object) -> None:
    """Raise `InvalidInput` unless it is http(s)://host[:port][/path]."""
    try:
        parts = urlsplit(base_url if isinstance(base_url, str) else "")
        fine = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        )
        _ = parts.port
    except ValueError:
        fine = False
    if not fine:
        raise invalid(
            "TOCSIN_BASE_URL", f"{base_url!r} is no address of a site.", "Write https://tocsin.example.org."
        )


def refuse_unfit(given: Mapping[str, Any], problem_of: Callable[[str, Any], str]) -> None:
    """Raise `InvalidInput` with everything that `problem_of` has to say, named as the operator wrote it."""
    names = {variable.setting: name for name, variable in VARIABLES.items() if variable.setting}
    errors = [
        FieldError(names.get(key, f"TOCSIN_CONFIG: {key}"), problem, "See docs/reference/settings.md.")
        for key, value in given.items()
        if (problem := problem_of(key, value))
    ]
    if errors:
        raise InvalidInput(*errors)


def log_format(environment: Mapping[str, str]) -> str:
    """How the server logs. Raises `InvalidInput`."""
    kind = environment.get("TOCSIN_LOG_FORMAT") or "line"
    if kind not in ("line", "json"):
        raise invalid("TOCSIN_LOG_FORMAT", f"{kind[:40]!r} is no format.", "Write line or json.")
    return kind
