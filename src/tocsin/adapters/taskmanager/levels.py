"""The taskmanager's four results and the numbers it gives them."""

from __future__ import annotations

from tocsin.conf import nearest
from tocsin.errors import invalid

OK, WARNINGS, ERRORS, FAILED = 0, 10, 20, 30
RESULTS = {"ok": OK, "warnings": WARNINGS, "errors": ERRORS, "failed": FAILED}


def result_of(level: object) -> str:
    """A level by its name or its number, as the name. Raises `InvalidInput` for one that there is not."""
    names = {number: name for name, number in RESULTS.items()}
    if isinstance(level, str) and level in RESULTS:
        return level
    if isinstance(level, int) and not isinstance(level, bool) and level in names:
        return names[level]
    raise invalid("level", f"{level!r} is not known.", nearest(str(level), RESULTS))
