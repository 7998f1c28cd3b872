"""The file of private VAPID keys in the home: made when somebody asks for it, changed whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.server import home
from tocsin.vapid import new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def first(folder: Path) -> tuple[str, ...]:
    """The keys in the file, newest first, one made where there is none. Raises `InvalidInput` and OSError."""
    return tuple(home.kept(folder, home.WEBPUSH_FILE, new_key).split())


def change(folder: Path, step: Callable[[tuple[str, ...]], tuple[str, ...]]) -> tuple[str, ...]:
    """Write what `step` makes of the keys, if that is something else. Raises `InvalidInput` and OSError."""
    with home.locked(folder):
        old = home.found(folder, home.WEBPUSH_FILE)
        new = step(old)
        if new != old:
            home.replace(folder / home.WEBPUSH_FILE, "\n".join(new))
    return new
