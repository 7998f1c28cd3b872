"""How grave an event is. Accepted synonyms are those of the taskmanager's reports."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tocsin.errors import invalid

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Level(IntEnum):
    """Gravity of an event; higher is graver."""

    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50

    @property
    def slug(self) -> str:
        return self.name.lower()

    @property
    def label(self) -> str | Promise:
        """What people call it, in their language."""
        return LABELS[self]

    @property
    def priority(self) -> int:
        """Claim order: the lowest number goes first (critical 0 … info 30)."""
        return Level.CRITICAL - self


LABELS: dict[Level, str | Promise] = {
    Level.INFO: _("Information"),
    Level.WARNING: _("Warning"),
    Level.ERROR: _("Error"),
    Level.CRITICAL: _("Critical"),
}
PRIORITIES = tuple(sorted(level.priority for level in Level))
SYNONYMS = {"ok": Level.INFO, "warnings": Level.WARNING, "errors": Level.ERROR, "failed": Level.CRITICAL}
NAMES = {level.slug: level for level in Level} | SYNONYMS


def parse_level(value: object) -> Level:
    """The level called `value`: a name, a synonym, or a `Level`.

    Raises `InvalidInput` for everything else: an unknown level is an error, never a default.
    """
    if isinstance(value, Level):
        return value
    if isinstance(value, str) and value.lower() in NAMES:
        return NAMES[value.lower()]
    raise invalid("level", f"{value!r} is not a level.", f"Use one of: {', '.join(NAMES)}.")
