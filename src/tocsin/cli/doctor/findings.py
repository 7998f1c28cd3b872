"""What a check found: ok, a warning or an error, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    check: str
    status: str
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    return Finding(check, OK, message)


def warning(check: str, message: str, remedy: str) -> Finding:
    return Finding(check, WARNING, message, remedy)


def error(check: str, message: str, remedy: str) -> Finding:
    return Finding(check, ERROR, message, remedy)
