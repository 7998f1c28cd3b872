"""Who is at the command line, for the records of what they did."""

from __future__ import annotations

import getpass


def whoami() -> str:
    """The name of the operating system's user; empty where it has none, as in many containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def by_whom() -> str:
    """What the audit log is told."""
    return f"command line {whoami()}".strip()
