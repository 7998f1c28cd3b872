"""Handlers as a project has them, written on `taskmanager.notifications`."""

from __future__ import annotations

from taskmanager.notifications import EmailNotificationHandler, NotificationHandler

emitted: list[tuple] = []


class Ledger(NotificationHandler):
    """A handler with an argument of its own."""

    def __init__(self, book, level="ok"):
        super().__init__(level)
        self.book = book

    def emit(self, report):
        emitted.append(
            (self.book, report.task.name, report.invocation_result, report.n_log_errors, report.log)
        )


class Broken(NotificationHandler):
    """Fails always."""

    def emit(self, report):
        raise ConnectionError("the far side is away")


class Plain:
    """Derived from nothing."""

    def __init__(self, level):
        self.level = level

    def emit(self, report):
        emitted.append(("plain", str(report.task), report.invocation_result))


class Polite(EmailNotificationHandler):
    """With words of its own."""

    messages = dict.fromkeys(
        EmailNotificationHandler.messages, "Dear all, {task_name} had {n_errors} errors."
    )
