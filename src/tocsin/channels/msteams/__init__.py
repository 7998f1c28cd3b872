"""Channel `msteams`: an Adaptive Card posted to the webhook of a Teams workflow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tocsin.channels import http
from tocsin.channels.base import Abilities, Cause, Channel, Message, Outcome, Rejected, Rendered
from tocsin.channels.chat.pages import Pages
from tocsin.channels.msteams.answers import read
from tocsin.channels.msteams.card import LIMIT, TooLargeError, document, encode
from tocsin.channels.msteams.form import MsteamsForm
from tocsin.channels.subject import subject_of
from tocsin.channels.text import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tocsin.channels.base import Feed


class MsteamsChannel(Channel):
    """Posts each message as one request. A workflow names no message, so none is changed or replied to later."""

    slug = "msteams"
    label = "Microsoft Teams"
    form = MsteamsForm
    batch_size: ClassVar[int] = http.SLOTS
    deadline_seconds: ClassVar[float] = http.DEADLINE_SECONDS
    abilities: ClassVar[Abilities] = Abilities(formats=("text", "markdown", "cards"), max_bytes=LIMIT)

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """Scheme and host: the rest of the URL is a secret."""
        return http.origin_of(settings["url"]) if settings.get("url") else str(self.label)

    def render(self, message: Message) -> Rendered:
        return Rendered(subject_of(message), to_text(message.event.body), payload=document(message))

    def send(self, message: Message) -> Outcome:
        """Send one, as somebody does who tries a destination: also to a host whose circuit is open."""
        request = build(message, _pages())
        if isinstance(request, http.Request):
            return http.post(request, read, deadline=self.deadline_seconds, probe=True)
        return request

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        make = partial(build, pages=_pages())
        return http.post_many(feed, make, read, slots=self.batch_size, deadline=self.deadline_seconds)


def _pages() -> Pages:
    return Pages(lambda message: encode(document(message)))


def build(message: Message, pages: Pages) -> http.Request | Outcome:
    """The request. Teams knows no key against doubles; the run in the workflow's history bears the message's."""
    url = message.target.settings.get("url")
    if not url:
        return Rejected(Cause.BAD_SETTINGS, "The destination has no URL. Save it again.")
    try:
        body = pages.of(message)
    except TooLargeError as error:
        return Rejected(Cause.TOO_LARGE, str(error))
    headers = {"content-type": "application/json", "x-ms-client-tracking-id": message.key}
    return http.Request(url, body, headers, secret_values=(url,), limit_key=http.limit_key("msteams", url))
