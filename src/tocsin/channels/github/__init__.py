"""Channel `github`: an issue and comments on it, or a `repository_dispatch`, by a token or as a GitHub App."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Outcome, Rejected, Rendered
from tocsin.channels.chat.pages import Pages
from tocsin.channels.github import dispatch, issue, layout, tokens
from tocsin.channels.github.asking import Ended
from tocsin.channels.github.form import DISPATCH, GithubForm
from tocsin.channels.subject import subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed
    from tocsin.channels.github.asking import Access, Asking

SLOTS = 16
PACE = {"per_second": 1.0, "burst": 2.0, "at_once": 1}
"""Of each token: GitHub asks for one request after another, and for a second between changes.

Two tokens of burst, for work is looked for once a second: what is taken in hand too soon waits for its gap.
"""


class GithubChannel(Channel):
    """Up to 16 conversations at once. Of each token all workers together have one, and begin one a second."""

    slug = "github"
    label = "GitHub"
    form = GithubForm
    batch_size: ClassVar[int] = SLOTS
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
        """The repository, which is no secret."""
        return settings.get("repository") or str(self.label)

    def host_of(self, settings: Mapping[str, Any]) -> str:
        return super().host_of({"url": conf.get("GITHUB_API_URL")})

    def budget_of(self, settings: Mapping[str, Any]) -> tuple[str, Mapping[str, float]]:
        return tokens.limit_key(settings), PACE

    def render(self, message: Message) -> Rendered:
        write = dispatch.document if _dispatches(message) else layout.document
        return Rendered(subject_of(message), to_text(message.event.body), payload=write(message))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        return http.converse(talk(message, _pages()), deadline=self.deadline_seconds, probe=True)

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        begin = partial(talk, pages=_pages())
        return http.converse_many(
            feed, begin, slots=self.batch_size, share=1.0, deadline=self.deadline_seconds
        )


def talk(message: Message, pages: Pages) -> http.Conversation:
    """Ask for access where an App needs it, then tell. A token of an App that is refused is asked for once more."""
    settings = message.target.settings
    if not (settings.get("repository") and (settings.get("token") or settings.get("private_key"))):
        return Rejected(
            Cause.BAD_SETTINGS, "The destination has no repository, or no token and no App. Save it again."
        )
    for may_renew in (True, False):
        try:
            access = yield from tokens.access_of(settings)
            outcome = yield from _tell(message, access, pages)
        except Ended as end:
            if not (end.is_unauthorised and may_renew and tokens.forget(settings)):
                return end.outcome
        else:
            return outcome
    raise AssertionError("the second time is the last")


def _tell(message: Message, access: Access, pages: Pages) -> Asking[Outcome]:
    tell = dispatch.tell if _dispatches(message) else issue.tell
    return tell(message, access, pages)


def _dispatches(message: Message) -> bool:
    return message.target.settings.get("mode") == DISPATCH


def _pages() -> Pages:
    return Pages(lambda message: layout.body_of(message).encode())
