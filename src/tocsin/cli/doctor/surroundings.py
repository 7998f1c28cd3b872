"""What is around tocsin: settings, the file of keys, the mail server, the channels."""

from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING

from django.conf import settings as django_settings

from tocsin import conf
from tocsin.channels import registry
from tocsin.cli.doctor.findings import Finding, error, ok, warning
from tocsin.cli.lazy import is_standalone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAIL_SECONDS = 5.0
BROKER_SECONDS = 5.0
LOW_BYTES = 200 * 1024 * 1024


def settings() -> Iterator[Finding]:
    """The dict TOCSIN, and whether links can be made."""
    problems = list(conf.problems())
    for problem in problems:
        yield error("settings", f"{problem.field} {problem.message}", problem.remedy)
    if problems:
        return
    if conf.get("BASE_URL"):
        yield ok("settings", f"site {conf.get('BASE_URL')}, engine {conf.get('ENGINE')}")
    else:
        yield warning(
            "settings",
            "links in messages are not absolute, for the site's address is not known",
            "Set TOCSIN_BASE_URL." if is_standalone() else "Set TOCSIN['BASE_URL'].",
        )


def key_file() -> Iterator[Finding]:
    """The keys in the home of the standalone server: private; and room on its disk."""
    if not is_standalone():
        return
    from tocsin.server.home import KEYS_FILE, WEBPUSH_FILE

    home: Path = getattr(django_settings, "HOME")  # noqa: B009 (mypy reads the settings of the tests)
    for file in (home / KEYS_FILE, home / WEBPUSH_FILE):
        if not file.exists():
            continue
        if file.stat().st_mode & 0o077:
            yield error("keys", f"{file} can be read by others", f"Run: chmod 600 {file}")
        else:
            yield ok("keys", f"kept in {file}; back it up with the database")
    if home.exists() and (free := shutil.disk_usage(home).free) < LOW_BYTES:
        yield warning("disk", f"{free // 1024**2} MB are free in {home}", "Free some space.")


def mail() -> Iterator[Finding]:
    """Whether the mail server opens a connection, and takes our credentials."""
    from django.core.mail.backends.smtp import EmailBackend

    from tocsin.compat import mail_connection

    backend = mail_connection(conf.get("MAILER"))
    if type(backend) is not EmailBackend:
        yield ok("mail", f"sent by {type(backend).__module__}")
        return
    yield _mail_server(backend, f"{backend.host}:{backend.port}")


def _mail_server(backend: object, place: str) -> Finding:
    from smtplib import SMTPException

    from tocsin.channels.mail.opening import open_connection

    try:
        opened = open_connection(backend, MAIL_SECONDS)  # type: ignore[arg-type]
    except (OSError, SMTPException) as failure:
        said = f"{place}: {getattr(failure, 'strerror', None) or type(failure).__name__}"
        if is_standalone() and not os.environ.get("TOCSIN_EMAIL_URL"):
            return warning("mail", said, "Set TOCSIN_EMAIL_URL if mail is to be sent.")
        wrong = "TOCSIN_EMAIL_URL" if is_standalone() else "the project's mail settings"
        return error("mail", said, f"Start it, or mend {wrong}.")
    opened.sock.shutdown(socket.SHUT_RDWR)
    opened.sock.close()
    return ok("mail", f"{place} answers" + ("" if opened.pipelining else ", without pipelining"))


def broker() -> Iterator[Finding]:
    """Where Celery carries the hints, whether its broker answers."""
    if conf.get("ENGINE") != "celery":
        return
    from tocsin.engines import broker

    if wrong := broker.problems():
        for problem in wrong:
            yield error("broker", f"{problem.field} {problem.message}", problem.remedy)
        return
    place = broker.place()
    if why := broker.away(BROKER_SECONDS):
        named = "TOCSIN_BROKER_URL" if is_standalone() else "the broker of the Celery app"
        yield error(
            "broker", f"{place}: {why}", f"Start it, or mend {named}: until then nobody hears of new work."
        )
    else:
        yield ok("broker", f"{place} answers")


def channels() -> Iterator[Finding]:
    """Whether every configured channel could be loaded."""
    problems = registry.problems()
    for problem in problems:
        yield error("channels", f"{problem.field} {problem.message}", problem.remedy)
    if not problems:
        yield ok("channels", ", ".join(registry.channels()))
