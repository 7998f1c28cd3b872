"""`TOCSIN_EMAIL_URL` as Django's mail settings. Pure; no message repeats a password."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tocsin.errors import invalid

FIELD = "TOCSIN_EMAIL_URL"
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
REMEDY = "Write smtp://user:password@host:port, smtps://… or smtp+starttls://…"
BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class MailServer(NamedTuple):
    """Where mails are handed over."""

    host: str
    port: int
    username: str
    password: str
    use_ssl: bool
    use_tls: bool


def mail_server(url: str) -> MailServer:
    """The server that `url` means; this machine's own for the empty one. Raises `InvalidInput`."""
    try:
        parts = urlsplit(url or "smtp://localhost")
        port = parts.port
    except ValueError:
        raise invalid(FIELD, "is no URL.", REMEDY) from None
    if parts.scheme not in PORTS:
        raise invalid(FIELD, f"{parts.scheme or 'nothing'!r} is no way to send mail.", REMEDY)
    if not parts.hostname or parts.path.strip("/") or parts.query:
        raise invalid(FIELD, "must be a host, and may have a user, a password and a port.", REMEDY)
    return MailServer(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_ssl=parts.scheme == "smtps",
        use_tls=parts.scheme == "smtp+starttls",
    )


def mail_settings(server: MailServer, *, as_mailers: bool) -> dict[str, Any]:
    """Django's settings for it: MAILERS where Django has them, else EMAIL_*."""
    options = server._asdict()
    if as_mailers:
        return {"MAILERS": {"default": {"BACKEND": BACKEND, "OPTIONS": options}}}
    names = {"username": "host_user", "password": "host_password"}
    return {"EMAIL_BACKEND": BACKEND} | {
        f"EMAIL_{names.get(name, name).upper()}": value for name, value in options.items()
    }
