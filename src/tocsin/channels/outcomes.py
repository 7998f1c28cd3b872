"""What a channel answers, and the vocabulary of why. No logic here."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Cause(TextChoices):
    """Why an attempt did not end in `Sent`: the code is stored, the label is what people read."""

    REFUSED = "refused", _("The connection was refused.")
    TIMEOUT = "timeout", _("There was no answer in time.")
    DISCONNECTED = "disconnected", _("The connection was lost before the answer.")
    DNS = "dns", _("The host name could not be resolved.")
    TLS = "tls", _("The secure connection could not be made.")
    ADDRESS_BLOCKED = "address_blocked", _("The address is not public and not allowed.")
    REDIRECT = "redirect", _("The far side redirects; redirects are not followed.")
    THROTTLED = "throttled", _("The far side asked to slow down.")
    BUSY = "busy", _("Other work for the same host goes first.")
    HOST_RESTS = "host_rests", _("The far side failed again and again; it is left alone for a while.")
    SERVER_ERROR = "server_error", _("The far side failed.")
    REFUSED_CONTENT = "refused_content", _("The far side refused the message.")
    REFUSED_RECIPIENT = "refused_recipient", _("The far side does not know this recipient.")
    GONE = "gone", _("The address is gone for good.")
    NOT_AUTHORISED = "not_authorised", _("The far side did not accept our credentials.")
    TOO_LARGE = "too_large", _("The message is too large for this channel.")
    BAD_SETTINGS = "bad_settings", _("The destination's settings do not work.")
    BUG = "bug", _("The channel's own code failed.")
    UNFINISHED = "unfinished", _("The channel ended before it answered for this message.")
    WORKER_LOST = "worker_lost", _("The worker vanished; whether the message went out is not known.")


@dataclass(frozen=True, slots=True)
class Sent:
    """The far side took it. `provider_id` is its name for the message."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """It may work later. `after` is the far side's wish in seconds, clamped by the caller."""

    cause: Cause
    detail: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """It will never work. `disable_destination` says that the address itself is at fault."""

    cause: Cause
    detail: str = ""
    disable_destination: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Not tried at all (the host has its share of slots): goes back as if it had never been claimed."""

    cause: Cause
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Moot:
    """There is nothing to do: what it would close or change is not open there. It is recorded as skipped."""


Outcome = Sent | Retry | Rejected | Later | Moot
