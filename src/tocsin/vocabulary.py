"""The words that rows hold. A release that is newer than this one may have written a word that is not known here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.models import TextChoices
    from django.utils.functional import Promise


def label_of(kind: type[TextChoices], stored: str) -> str | Promise:
    """What a stored word means, in the reader's language; the word itself where this release does not know it.

    `kind(stored)` would raise then, in a page or a worker of the release before.
    """
    return kind(stored).label if stored in kind.values else stored
