"""Channel `jira`: an issue for each group of events, comments on it for what follows, closed when it is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Moot, Outcome, Rejected, Rendered, Sent
from tocsin.channels.jira import answers, layout
from tocsin.channels.jira.form import ISSUE_TYPE, JiraForm
from tocsin.channels.jira.issue import (
    CLOSING,
    KEY,
    PROPERTY,
    Issue,
    closing,
    has_comment_of,
    issue_in,
    keys_about,
    likeliest,
    mark,
    marker_of,
    own_in,
    transitions_in,
)
from tocsin.channels.jira.site import Site, site_of
from tocsin.channels.subject import subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from tocsin.channels.base import Feed

    Asking = Generator[http.Request, http.Response, Issue | Outcome | None]
    Doing = Generator[http.Request, http.Response, Outcome | None]

MOST_FOUND, MOST_COMMENTS = 5, 20


class JiraChannel(Channel):
    """Several requests a message; what Jira limits is counted per account."""

    slug = "jira"
    label = "Jira"
    form = JiraForm
    batch_size: ClassVar[int] = http.SLOTS
    deadline_seconds: ClassVar[float] = http.DEADLINE_SECONDS
    abilities: ClassVar[Abilities] = Abilities(
        formats=("text", "markdown"),
        max_characters=layout.LONGEST,
        updates=True,
        threads=True,
        closes=True,
        receipts=True,
    )

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """The project and where it is."""
        where = http.origin_of(settings.get("url", "")).partition("://")[2]
        return " · ".join(filter(None, (settings.get("project", ""), where))) or str(self.label)

    def render(self, message: Message) -> Rendered:
        return Rendered(subject_of(message), to_text(message.event.body))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        return http.converse(talk(message), deadline=self.deadline_seconds, probe=True)

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        return http.converse_many(feed, talk, slots=self.batch_size, deadline=self.deadline_seconds)


def talk(message: Message) -> http.Conversation:
    """Look for the issue; then make one, or comment on it, last of all. A resolved one is closed before that.

    What comes before the last request may be repeated; what an earlier attempt did last is found by its marks.
    """
    settings = message.target.settings
    if not (settings.get("url") and settings.get("token") and settings.get("project")):
        return Rejected(Cause.BAD_SETTINGS, "The destination has no URL, token or project. Save it again.")
    site = site_of(settings)
    found = yield from _find(message, site)
    if isinstance(found, Issue):
        return (yield from _go_on(message, site, found))
    if found is None and message.action != "resolve":
        return answers.read_created((yield site.request("issue", _new_issue(message, site), once=True)))
    return found or Moot()


def _go_on(message: Message, site: Site, issue: Issue) -> http.Conversation:
    """What follows on an issue; nothing where it is this message's own, whose answer was lost."""
    if issue.made_by == message.key:
        return Sent(issue.key)
    if message.action == "resolve" and not issue.is_done:
        failed = yield from _close(message, site, issue)
        if failed is not None:
            return failed
    return (yield from _comment(message, site, issue))


def _find(message: Message, site: Site) -> Asking:
    """The issue that the message goes on with, as it is now; None where there is none.

    First the one that the ledger remembers, then the one that bears the marker, then one that is too new to be found.
    """
    known = message.thread if KEY.fullmatch(message.thread) else ""
    if known:
        found = yield from _look(message, site, known)
        if found is not None:
            return found
    if not message.group and message.attempt == 1:
        return None
    project = message.target.settings["project"]
    jql = f'project = "{project}" AND labels = "{marker_of(message)}" ORDER BY created DESC'
    answer = answers.answer_of((yield site.search(jql, MOST_FOUND)))
    if not isinstance(answer, dict):
        return answer
    key = likeliest(answer)
    found = (yield from _look(message, site, key)) if key and key != known else None
    if found is None and site.cloud and message.attempt > 1 and message.action != "resolve":
        return (yield from _newest(message, site))
    return found


def _newest(message: Message, site: Site) -> Asking:
    """The issue that an earlier attempt made and that the search does not know yet: it is among the newest keys."""
    project = message.target.settings["project"]
    answer = answers.answer_of((yield site.search(f'project = "{project}" ORDER BY key DESC', 1)))
    if not isinstance(answer, dict):
        return answer
    answer = answers.answer_of((yield site.fetch(keys_about(likeliest(answer) or f"{project}-0"))))
    if isinstance(answer, Rejected):
        return None  # what is refused here for a reason that holds is refused again when the issue is made
    return own_in(answer, message) if isinstance(answer, dict) else answer


def _look(message: Message, site: Site, key: str) -> Asking:
    """The issue of this key if it is open, or if this very message made or closed it."""
    response = yield site.request(f"issue/{key}?fields=status&properties={PROPERTY},{CLOSING}")
    if answers.is_missing(response):
        return None
    answer = answers.answer_of(response)
    if not isinstance(answer, dict):
        return answer
    issue = issue_in(answer)
    if issue is None:
        return answers.strange(response)
    is_ours = message.key in (issue.made_by, issue.closed_by)
    return None if issue.is_done and not is_ours else issue


def _new_issue(message: Message, site: Site) -> dict[str, Any]:
    """Only fields that every project has."""
    settings = message.target.settings
    kind = settings.get("issue_type") or ISSUE_TYPE
    labels = [label for label in settings.get("labels", "").split(", ") if label]
    fields = {
        "project": {"key": settings["project"]},
        "issuetype": {"id": kind} if kind.isdecimal() else {"name": kind},
        "summary": layout.summary(message),
        "description": layout.text(message, cloud=site.cloud, titled=False),
        "labels": [*labels, marker_of(message)],
    }
    return {"fields": fields, "properties": [{"key": PROPERTY, "value": mark(message)}]}


def _close(message: Message, site: Site, issue: Issue) -> Doing:
    """Lead the issue into a status that is done; the outcome where that cannot be. Says first who closes it."""
    path = f"issue/{issue.key}/transitions"
    answer = answers.answer_of((yield site.request(f"{path}?expand=transitions.fields")))
    if not isinstance(answer, dict):
        return answer
    body = closing(transitions_in(answer), message.target.settings.get("close_with", ""))
    if isinstance(body, Rejected):
        return body
    told = site.request(f"issue/{issue.key}/properties/{CLOSING}", mark(message), "PUT")
    failed = answers.trouble_of((yield told))
    return failed if failed is not None else answers.trouble_of((yield site.request(path, body, once=True)))


def _comment(message: Message, site: Site, issue: Issue) -> http.Conversation:
    path = f"issue/{issue.key}/comment"
    if message.attempt > 1:
        query = f"maxResults={MOST_COMMENTS}&orderBy=-created&expand=properties"
        answer = answers.answer_of((yield site.request(f"{path}?{query}")))
        if not isinstance(answer, dict):
            return answer
        if has_comment_of(answer, message):
            return Sent(issue.key)
    body = {
        "body": layout.text(message, cloud=site.cloud, titled=True),
        "properties": [{"key": PROPERTY, "value": mark(message)}],
    }
    return answers.read_comment((yield site.request(path, body, once=True)), issue.key)
