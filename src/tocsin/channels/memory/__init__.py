"""The memory channel: keeps what it is given in this process. For tests, benchmarks and a first look."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from tocsin.channels.base import Channel, Rendered
from tocsin.channels.forms import SettingsForm
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry, Sent
from tocsin.channels.text import one_line, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tocsin.channels.base import Feed, Message

KEPT = 100_000
FAILURES: dict[str, Outcome] = {
    "retry": Retry(Cause.SERVER_ERROR, "asked for by the settings"),
    "reject": Rejected(Cause.REFUSED_RECIPIENT, "asked for by the settings"),
    "gone": Rejected(Cause.GONE, "asked for by the settings", disable_destination=True),
}


class MemoryForm(SettingsForm):
    """A name to tell destinations apart, and whether they fail."""

    identity_fields = ("name",)
    name = forms.CharField(label=_("Name"), max_length=200)
    fail = forms.ChoiceField(
        label=_("Fail"), required=False, choices=[("", "")] + [(key, key) for key in FAILURES]
    )


class MemoryChannel(Channel):
    """Appends each message to `MemoryChannel.sent`, which holds the last 100,000."""

    slug = "memory"
    label = _("Memory")
    form = MemoryForm
    batch_size = 500
    address_field = "name"
    sent: ClassVar[deque[Message]] = deque(maxlen=KEPT)
    script: ClassVar[Callable[[Message], Outcome] | None] = None
    """Tests set it to answer for each message in place of the settings; it may raise."""

    @classmethod
    def clear(cls) -> None:
        """Forget what was sent, and the script."""
        cls.sent.clear()
        cls.script = None

    def render(self, message: Message) -> Rendered:
        return Rendered(subject=one_line(message.event.title), text=to_text(message.event.body))

    def send(self, message: Message) -> Outcome:
        script = type(self).script
        outcome = script(message) if script else FAILURES.get(message.target.settings.get("fail", ""), _SENT)
        if isinstance(outcome, Sent):
            self.sent.append(message)
        return outcome

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        """Answer for each message at once, and go on while there are more."""
        messages = list(feed)
        while messages:
            for message in messages:
                yield message, self.attempt(message)
            messages = feed.more(self.batch_size)


_SENT = Sent()
