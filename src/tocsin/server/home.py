"""The data folder of the standalone server, and the keys that are made and kept in it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT = "tocsin-data"
KEYS_FILE = "secret_keys"


def home_of(value: str) -> Path:
    """The folder that `TOCSIN_HOME` names, absolute; `./tocsin-data` where it names none."""
    return Path(value or DEFAULT).expanduser().absolute()


def ensure(folder: Path) -> Path:
    """Make the folder, for its owner alone, unless it is there. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def kept(folder: Path, name: str, make: Callable[[], str]) -> str:
    """The text of a private file in the home, made by the first process that asks. Raises OSError.

    The file appears whole or not at all, so that processes that start together agree on its content.
    """
    path = ensure(folder) / name
    if not path.exists():
        _publish(path, make())
    text = path.read_text(encoding="utf-8").strip()
    if not text:
        raise invalid(
            str(path), "is empty.", "Put the keys back from your backup, or remove it to have new ones."
        )
    return text


def _publish(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        # link, not rename: it refuses to replace what another process has published meanwhile.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def new_secret_key() -> str:
    """A fresh Fernet key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
