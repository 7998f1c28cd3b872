"""What handlers are written on, served as `taskmanager.notifications`.

The two handlers that the taskmanager brings become rules, and are carried out by our channels. Their classes are
here for those who derive handlers of their own from them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.adapters.taskmanager.levels import ERRORS, FAILED, OK, RESULTS, WARNINGS, result_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.adapters.taskmanager.reports import Report

__all__ = [
    "LEVEL_DEFAULT",
    "LEVEL_ERRORS",
    "LEVEL_FAILED",
    "LEVEL_OK",
    "LEVEL_WARNINGS",
    "EmailNotificationHandler",
    "MailNotificationHandler",
    "NotificationHandler",
    "SlackNotificationHandler",
    "invocation_result_to_level_map",
]

MOST_SHOWN = 2_000
"""Characters of a log's end."""
LEVEL_OK, LEVEL_WARNINGS, LEVEL_ERRORS, LEVEL_FAILED = OK, WARNINGS, ERRORS, FAILED
LEVEL_DEFAULT = LEVEL_OK
invocation_result_to_level_map = RESULTS


class NotificationHandler(ABC):
    """Base of handlers. `emit` is called with each report whose result reaches `level`, "ok" too."""

    messages: ClassVar[dict[int, str]] = {
        OK: "{task_name}, started at {invocation_time}, is done.",
        WARNINGS: "{task_name}, started at {invocation_time}, has {n_warnings} warnings.",
        ERRORS: "{task_name}, started at {invocation_time}, has {n_errors} errors and {n_warnings} warnings.",
        FAILED: "{task_name}, started at {invocation_time}, failed.",
    }

    def __init__(self, level: int | str = LEVEL_DEFAULT) -> None:
        self.level = RESULTS[result_of(level)]

    def handle(self, report: Report) -> None:
        """Emit a report whose result is at the handler's level or above. One without a result is none."""
        if report.invocation_result and RESULTS[result_of(report.invocation_result)] >= self.level:
            self.emit(report)

    @abstractmethod
    def emit(self, report: Report) -> None:
        """Tell of it. Whatever is raised is tried again later."""

    def text(self, report: Report) -> str:
        """The message of the report's result, filled in."""
        return self.messages[RESULTS[report.invocation_result]].format(
            task_name=report.task.name,
            invocation_time=report.invocation_datetime.strftime("%x %X"),
            n_errors=report.n_log_errors or 0,
            n_warnings=report.n_log_warnings or 0,
        )

    def _send(self, channel: str, targets: Iterable[dict[str, Any]], report: Report) -> None:
        from tocsin.adapters.direct import send_to

        log = f"```\n{report.log[-MOST_SHOWN:]}\n```" if report.log else ""
        send_to(channel, list(targets), self.text(report), log)


class SlackNotificationHandler(NotificationHandler):
    """Posts to one Slack channel or several."""

    def __init__(self, token: str, channel: str | Iterable[str], level: int | str = LEVEL_DEFAULT) -> None:
        super().__init__(level)
        self.token, self.channel = token, channel

    def emit(self, report: Report) -> None:
        self._send(
            "slack", ({"token": self.token, "channel": one} for one in channels_of(self.channel)), report
        )


class EmailNotificationHandler(NotificationHandler):
    """Mails to each of its recipients."""

    def __init__(
        self, from_email: str, recipients: str | Iterable[str], level: int | str = LEVEL_DEFAULT
    ) -> None:
        super().__init__(level)
        self.from_email, self.recipients = from_email, recipients

    def emit(self, report: Report) -> None:
        own = {"from_email": self.from_email}
        self._send("email", ({**own, "email_address": one} for one in listed(self.recipients)), report)


MailNotificationHandler = EmailNotificationHandler
"""The name of the documentation; the other one is that of the code."""


def listed(given: str | Iterable[str]) -> list[str]:
    """A list, or a text with commas, as a list."""
    parts = given.split(",") if isinstance(given, str) else given
    return [part.strip() for part in parts if part.strip()]


def channels_of(given: str | Iterable[str]) -> list[str]:
    """Slack channels as our form wants them: an id, or a name that begins with #."""
    return [one if one[:1] == "#" or one.isupper() else f"#{one}" for one in listed(given)]
