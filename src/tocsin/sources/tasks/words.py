"""A run in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from tocsin.sources.tasks.report import Report

MOST_TITLE = 300


def title_of(report: Report) -> str:
    """Such as "nightly import: 3 errors, 1 warning in 2 min 5 s"."""
    words = {"name": report.name, "time": duration(report.seconds), "problem": report.problem}
    if report.problem:
        title = _("%(name)s failed after %(time)s: %(problem)s") % words
    else:
        counted = ", ".join(_counts(report)) or _("ok")
        title = _("%(name)s: %(counted)s in %(time)s") % {**words, "counted": counted}
    return title[:MOST_TITLE]


def body_of(report: Report) -> str:
    """What ran where, what it counted, and the end of its log."""
    said = [_("On %(host)s, from %(start)s on.") % {"host": report.host, "start": report.started_at[:19]}]
    if report.problem and (counted := ", ".join(_counts(report))):
        said.append(_("Before that: %(counted)s.") % {"counted": counted})
    if report.tail:
        fence = "`" * max(3, _longest_fence(report.tail) + 1)
        said.append(f"{fence}\n{report.tail}\n{fence}")
    return "\n\n".join(said)


def duration(seconds: float) -> str:
    """Such as "0.4 s", "12 s", "2 min 5 s" or "3 h 10 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _counts(report: Report) -> list[str]:
    errors = ngettext("%d error", "%d errors", report.errors) % report.errors
    warnings = ngettext("%d warning", "%d warnings", report.warnings) % report.warnings
    return [words for number, words in ((report.errors, errors), (report.warnings, warnings)) if number]


def _longest_fence(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    return longest
