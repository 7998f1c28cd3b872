"""The contract of a channel: one class in one folder, that turns a message into an outcome.

A subclass gives `slug`, `label`, `form` and `send`; all else has a default.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tocsin.channels.forms import SettingsForm
from tocsin.channels.outcomes import Cause, Later, Moot, Outcome, Rejected, Retry, Sent
from tocsin.channels.redact import host_in, secrets_of, traceback_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from django.utils.functional import Promise

    from tocsin.levels import Level

__all__ = [
    "Abilities",
    "Cause",
    "Channel",
    "EventView",
    "Feed",
    "Later",
    "Message",
    "Moot",
    "Outcome",
    "Recipient",
    "Rejected",
    "Rendered",
    "Retry",
    "Sent",
    "SettingsForm",
    "Target",
]

logger = logging.getLogger("tocsin.channels")

URL_FIELDS = ("url", "webhook_url", "endpoint")
"""Settings that hold where messages go, by the names that channels give them."""


@dataclass(frozen=True, slots=True)
class EventView:
    """What a channel may know of an event: plain values, no model."""

    id: str
    type: str
    type_label: str
    level: Level
    title: str
    body: str
    """Markdown, as it was given. `channels.text` makes sanitised HTML and readable text of it."""
    data: Mapping[str, Any]
    url: str
    """Absolute where `TOCSIN["BASE_URL"]` is set."""
    actions: tuple[Mapping[str, str], ...]
    """Each has "label" and an absolute "url"."""
    actor: str
    about: str
    group_key: str
    status: str
    organization: str
    project: str
    created_at: datetime
    expires_at: datetime | None = None
    """From when on it is not to be told any more; None where that does not end."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """The person a message is for."""

    pk: Any
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: cleaned settings with the secrets in them, which is why repr hides them."""

    identity: str
    label: str
    settings: Mapping[str, Any] = field(repr=False)
    pk: int | None = None
    """The Destination's key; None for an account address, a bare address and an operator rule's settings."""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery and the events it speaks of (one or more, oldest first)."""

    delivery_id: int
    attempt: int
    """1 for the first try."""
    key: str
    """The same in every attempt: Message-ID, webhook-id and dedup_key are made of it."""
    events: tuple[EventView, ...]
    target: Target
    recipient: Recipient | None
    locale: str
    thread: str = ""
    """The provider's id of an earlier message of the same group."""
    action: str = "open"
    """open, update, acknowledge (somebody is at it) or resolve."""
    is_late: bool = False
    """Later news of the group were told already: what the far side shows as its state stays."""
    unsubscribe_url: str = ""
    """Where the recipient may end messages of this kind, by a POST without signing in; empty where they may not."""

    @property
    def event(self) -> EventView:
        """The event of the lead delivery."""
        return self.events[0]

    @property
    def group(self) -> str:
        """The group that all its events are of; empty where they are of several, or of none."""
        keys = {event.group_key for event in self.events}
        return keys.pop() if len(keys) == 1 else ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What `render` made: used by previews and by `send`. `html` is already sanitised."""

    subject: str
    text: str
    html: str = ""
    payload: Mapping[str, Any] | None = None


class Feed(Protocol):
    """The messages of one claim; a channel with free slots may ask for more while it works."""

    def __iter__(self) -> Iterator[Message]: ...

    def more(self, free: int) -> list[Message]:
        """Claim up to `free` further messages; empty when there is nothing to do or it is time to end."""
        ...


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a channel can do: shown to who writes rules and in the table of the documentation."""

    formats: tuple[str, ...] = ("text",)
    """Of text, html, markdown, json, blocks and cards, those that the far side shows."""
    max_characters: int | None = None
    """The longest text in one message, in characters; what is longer is shortened, and says so."""
    max_bytes: int | None = None
    """The largest message, in bytes."""
    updates: bool = False
    """A later event of the same group changes the message that was sent."""
    threads: bool = False
    """A later event of the same group is sent as a reply to it."""
    closes: bool = False
    """What it makes stays open until it is closed. What resolves a group of which nothing is open is `Moot`."""
    receipts: bool = False
    """The far side names each message it takes; the ledger keeps that name."""


class Channel:
    """Base class of all channels. An instance is shared by threads: keep no state of a message on it."""

    slug: ClassVar[str]
    label: ClassVar[str | Promise]
    form: ClassVar[type[SettingsForm]] = SettingsForm
    """The one declaration of a destination's settings: HTML form, JSON Schema, cleaning, secrets, identity."""
    batch_size: ClassVar[int] = 500
    deadline_seconds: ClassVar[float] = 30.0
    in_app: ClassVar[bool] = False
    """True where the far side is our own inbox: no destination is needed."""
    address_field: ClassVar[str] = ""
    """The setting that a bare address fills ("email_address"); empty where an address is not enough."""
    uses_account_email: ClassVar[bool] = False
    """True where a user's account e-mail is a destination without set-up."""
    abilities: ClassVar[Abilities] = Abilities()
    unsubscribes: ClassVar[bool] = False
    """True where messages carry `Message.unsubscribe_url`."""
    joins: ClassVar[bool] = True
    """False where what was put off for one address must not become one message: each is sent for itself."""
    typed: ClassVar[bool] = True
    """False where nobody can type the settings: a person's browser gives them, on the inbox page."""
    runs_foreign_code: ClassVar[bool] = False
    """True where `send` runs code that keeps no deadline of ours: it is then run in threads apart."""

    def not_ready(self) -> str:
        """What the operator has yet to set before this can send, as a sentence; empty when it is ready."""
        return ""

    def render(self, message: Message) -> Rendered:
        """Turn a message into text. Must not touch the network."""
        raise NotImplementedError

    def send(self, message: Message) -> Outcome:
        """Send one message within `deadline_seconds`. Any exception counts as `Retry` for this message."""
        raise NotImplementedError

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        """Send many, and yield each outcome as it is known. Override it where the far side takes batches."""
        for message in feed:
            yield message, self.attempt(message)

    def attempt(self, message: Message) -> Outcome:
        """`send`, with whatever it raises turned into an outcome that costs no other message anything."""
        try:
            outcome: object = self.send(message)
        except Exception as error:
            self.log_failure(message, error)
            return Retry(Cause.BUG, type(error).__name__)
        if not isinstance(outcome, Outcome):
            return Retry(Cause.BUG, f"the channel answered {type(outcome).__name__}, which is no outcome")
        return outcome

    def secrets_of(self, message: Message) -> list[str]:
        """The texts that nothing said of this message may show."""
        return secrets_of(message.target.settings, self.form.secret_fields)

    def log_failure(self, message: Message, error: BaseException) -> None:
        """Log what `send` raised, with the destination's secrets struck out."""
        logger.error(
            "channel %s failed on delivery d%s\n%s",
            self.slug,
            message.delivery_id,
            traceback_of(error, self.secrets_of(message)),
        )

    @property
    def takes_addresses(self) -> bool:
        """Whether `slug:address` names a destination by itself."""
        return bool(self.address_field)

    def judge(self, target: Target, others: Iterator[Target], owner: Recipient | None) -> None:
        """Called before a destination is saved, with its owner's others on this channel. Raise `InvalidInput`."""

    def on_change(self, before: Target, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """The settings that a destination is to have, when its owner gives it these."""
        return settings

    def why_not_deletable(self, target: Target) -> str:
        """What keeps a destination from being deleted, as a sentence; empty where nothing does."""
        return ""

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """What a destination is called if its owner gives no name. Must not show a secret."""
        return str(settings.get(self.address_field, "")) or str(self.label)

    def host_of(self, settings: Mapping[str, Any]) -> str:
        """The host that messages with these settings go to, as budgets name it; empty where it is none of HTTP."""
        given = next((settings[name] for name in URL_FIELDS if settings.get(name)), "")
        return host_in(str(given))

    def budget_of(self, settings: Mapping[str, Any]) -> tuple[str, Mapping[str, float]] | None:
        """A budget that the far side itself asks for, as in `TOCSIN["BUDGETS"]`, and what it counts it by.

        That is a name of the account or the token, but no secret: it is kept. All who have an equal one share it.
        """
        return None

    def address_settings(self, address: str) -> dict[str, Any]:
        """The settings of a bare address such as `email:ops@example.com`, to be cleaned by the form."""
        return {self.address_field: address}
