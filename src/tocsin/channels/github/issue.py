"""What is said in issues: one is made, found again, commented on, closed. Only the last request may not be repeated.

Issues are looked for by listing: the index of GitHub's search lags, allows 30 requests a minute, and does not hold
HTML comments everywhere. Labels are no filter: GitHub drops them where a token may not set them, and people do.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.channels.base import Message, Moot, Outcome, Sent
from tocsin.channels.github.answers import of_an_issue, strange
from tocsin.channels.github.asking import Access, Asking, Ended, ask, listed, object_of
from tocsin.channels.github.layout import title_of
from tocsin.channels.github.marker import mark_in, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.channels.chat.pages import Pages

MOST_PAGES = 3
"""Of a hundred issues or comments."""
CLOCKS_DIFFER = timedelta(minutes=10)
CLOSED_BEFORE = timedelta(seconds=5)
"""What was closed earlier than so long before the event, somebody else closed."""
_NAME = re.compile(r"(?P<repository>[a-z0-9._-]+/[a-z0-9._-]+)/issues/(?P<number>[1-9][0-9]{0,14})", re.ASCII)
UNWANTED = frozenset({"not_planned", "duplicate"})
"""Why somebody closed an issue who does not want it open again."""


class Issue(NamedTuple):
    """An issue of the repository."""

    number: int
    is_open: bool
    is_unwanted: bool = False
    closed_at: str = ""
    is_own: bool = False
    """Whether an earlier attempt of this very message made it."""


def tell(message: Message, access: Access, pages: Pages) -> Asking[Outcome]:
    """Make an issue of a message, or comment on the one of its group."""
    issue = yield from _find(message, access)
    if issue is None:
        return Moot() if message.action == "resolve" else (yield from _make(message, access, pages))
    if issue.is_own:
        return Sent(_name(access, issue.number))
    if message.action == "resolve":
        if not issue.is_open and not _closed_by_us(message, issue):
            return Moot()
        if issue.is_open:
            yield from _set(access, issue, {"state": "closed", "state_reason": "completed"})
    elif not (issue.is_open or issue.is_unwanted or message.is_late):
        yield from _set(access, issue, {"state": "open"})
    return (yield from _comment(message, access, issue, pages))


def _closed_by_us(message: Message, issue: Issue) -> bool:
    """Whether it may be we who closed it, and only the comment is missing."""
    return message.attempt > 1 or issue.closed_at >= _time(message.event.created_at - CLOSED_BEFORE)


def _find(message: Message, access: Access) -> Asking[Issue | None]:
    """The issue that the message belongs to: that of the ledger, or the oldest that bears its mark."""
    if number := _number_in(message.thread, access.repository):
        response = yield from ask(access, "GET", f"issues/{number}", passing=(301, 302, 307, 308, 404, 410))
        # Deleted, or moved to another repository: the group begins anew. A repository that moved says so below.
        if response.status == 200 and (issue := _read(object_of(response))):
            return issue
    if message.attempt > 1 and (issue := (yield from _made_before(message, access))):
        return issue
    if not message.group:
        return None
    group = mark_of(message).group
    found = yield from listed(access, "issues?state=open&sort=created&direction=desc", MOST_PAGES)
    return _oldest(one for one in found if mark_in(one).group == group)


def _made_before(message: Message, access: Access) -> Asking[Issue | None]:
    """What an earlier attempt, of which no answer came, made or closed."""
    mark = mark_of(message)
    path = f"issues?state=all&sort=updated&direction=desc&since={_since(message)}"
    found = yield from listed(access, path, MOST_PAGES)
    if own := _oldest(one for one in found if mark_in(one).key == mark.key):
        return own._replace(is_own=True)
    if message.action != "resolve" or not mark.group:
        return None
    return _oldest(one for one in found if mark_in(one).group == mark.group)


def _make(message: Message, access: Access, pages: Pages) -> Asking[Outcome]:
    body: dict[str, Any] = {"title": title_of(message), "body": _text(message, pages)}
    if labels := message.target.settings.get("labels"):
        body["labels"] = [label.strip() for label in labels.split(",")]
    response = yield from ask(access, "POST", "issues", body)
    number = object_of(response).get("number")
    return Sent(_name(access, number)) if isinstance(number, int) else strange(response)


def _comment(message: Message, access: Access, issue: Issue, pages: Pages) -> Asking[Outcome]:
    path, sent = f"issues/{issue.number}/comments", Sent(_name(access, issue.number))
    if message.attempt > 1:
        said = yield from listed(access, f"{path}?since={_since(message)}", MOST_PAGES)
        if any(mark_in(one).key == mark_of(message).key for one in said):
            return sent
    response = yield from _of_issue(ask(access, "POST", path, {"body": _text(message, pages)}))
    return sent if "id" in object_of(response) else strange(response)


def _set(access: Access, issue: Issue, state: dict[str, str]) -> Asking[Any]:
    return _of_issue(ask(access, "PATCH", f"issues/{issue.number}", state))


def _of_issue(asking: Asking[Any]) -> Asking[Any]:
    """The same; what ends it for one issue's sake does not disable the destination."""
    try:
        return (yield from asking)
    except Ended as end:
        raise Ended(of_an_issue(end.outcome), is_unauthorised=end.is_unauthorised) from None


def _text(message: Message, pages: Pages) -> str:
    return f"{pages.of(message).decode()}\n\n{mark_of(message)}"


def _oldest(found: Iterable[dict[str, Any]]) -> Issue | None:
    """The one that was first: a later one may be somebody's copy, mark and all."""
    issues = [issue for one in found if (issue := _read(one))]
    return min(issues, key=lambda issue: issue.number, default=None)


def _read(found: dict[str, Any]) -> Issue | None:
    """An issue as GitHub tells it; lists hold pull requests too."""
    number = found.get("number")
    if not isinstance(number, int) or "pull_request" in found:
        return None
    is_unwanted = str(found.get("state_reason")) in UNWANTED
    return Issue(number, found.get("state") == "open", is_unwanted, str(found.get("closed_at") or ""))


def _name(access: Access, number: int) -> str:
    return f"{access.repository}/issues/{number}"


def _number_in(thread: str, repository: str) -> int:
    """The number of the issue that the ledger names; 0 where it names none of this repository."""
    found = _NAME.fullmatch(thread)
    return int(found["number"]) if found and found["repository"] == repository else 0


def _since(message: Message) -> str:
    """Before this nothing can have been said of the message."""
    return _time(message.event.created_at - CLOCKS_DIFFER)


def _time(moment: datetime) -> str:
    """As GitHub writes it: texts that sort like the times they mean."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
