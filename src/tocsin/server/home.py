"""The data folder of the standalone server, and the keys that are made and kept in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT = "tocsin-data"
KEYS_FILE = "secret_keys"
WEBPUSH_FILE = "webpush_keys"


def home_of(value: str) -> Path:
    """The folder that `TOCSIN_HOME` names, absolute; `./tocsin-data` where it names none."""
    return Path(value or DEFAULT).expanduser().absolute()


def ensure(folder: Path) -> Path:
    """Make the folder, for its owner alone, unless it is there. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def kept(folder: Path, name: str, make: Callable[[], str]) -> str:
    """The text of a private file in the home without its comments, made by the first process that asks.

    The file appears whole or not at all, so that processes that start together agree on its content.
    Raises OSError.
    """
    path = ensure(folder) / name
    if not path.exists():
        _publish(path, make())
    return _read(path)


def found(folder: Path, name: str) -> tuple[str, ...]:
    """The words of a private file in the home, without its comments; none where it was never made. Raises OSError."""
    path = folder / name
    return tuple(_read(path).split()) if path.exists() else ()


def _read(path: Path) -> str:
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    text = "\n".join(filter(None, lines))
    if not text:
        raise invalid(
            str(path), "is empty.", "Put the keys back from your backup, or remove it to have new ones."
        )
    return text


def _publish(path: Path, text: str) -> None:
    with _draft(path, text) as draft, contextlib.suppress(FileExistsError):
        # link, not rename: it refuses to replace what another process has published meanwhile.
        os.link(draft, path)


def replace(path: Path, text: str) -> None:
    """Put `text` into a private file that is there: all of it or nothing, and on the disk when this returns.

    The file keeps its owner, so that root may do it for a server that runs as another user. Raises OSError.
    """
    path = path.resolve()
    owner = path.stat()
    with _draft(path, text) as draft:
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(draft, owner.st_uid, owner.st_gid)
        draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _draft(path: Path, text: str) -> Iterator[Path]:
    """A private file beside `path` with `text` in it, on the disk already; gone at the end unless it was renamed."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for the same out until the end."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def new_secret_key() -> str:
    """A fresh Fernet key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
