"""The one place that knows which Django runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from django.conf import settings

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

HAS_MAILERS = django.VERSION >= (6, 1)


def mail_connection(alias: str) -> BaseEmailBackend:
    """A new mail backend: `mailers[alias]` where the project has MAILERS, else the EMAIL_* settings."""
    if HAS_MAILERS and hasattr(settings, "MAILERS"):
        from django.core.mail import mailers

        return mailers[alias]
    from django.core.mail import get_connection

    return get_connection()
