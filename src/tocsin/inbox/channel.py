"""The in-app channels: planning writes the inbox items themselves; a deferred delivery adds its item later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, Value
from django.utils.translation import gettext_lazy as _

from tocsin import clock
from tocsin.channels.base import Abilities, Channel, Message, Outcome, Rendered, Sent
from tocsin.deliveries.insert_select import insert_select
from tocsin.deliveries.models import Delivery
from tocsin.inbox.models import InboxItem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from tocsin.channels.base import Feed
    from tocsin.deliveries.wave import Wave


class InAppChannel(Channel):
    """What bell, banner and modal have in common: all of it but the name."""

    in_app = True
    abilities = Abilities(formats=("html",))

    def plan_items(self, wave: Wave, people: QuerySet[Any]) -> int:
        """One inbox item for each of these people, by one statement. Returns how many were new."""
        columns = wave.item_columns(self.slug) | {"user": F("pk")}
        return insert_select(InboxItem, people, columns, wave.item_pairs())

    def render(self, message: Message) -> Rendered:
        return Rendered(subject=message.event.title, text=message.event.body)

    def send(self, message: Message) -> Outcome:
        self._deliver([message])
        return Sent()

    def send_batch(self, feed: Feed) -> Iterator[tuple[Message, Outcome]]:
        messages = list(feed)
        self._deliver(messages)
        for message in messages:
            yield message, Sent()

    def _deliver(self, messages: list[Message]) -> None:
        insert_select(
            InboxItem,
            Delivery.objects.filter(pk__in=[message.delivery_id for message in messages], user__isnull=False),
            {
                "organization": F("organization_id"),
                "event": F("event_id"),
                "channel": Value(self.slug),
                "user": F("user_id"),
                "delivery": F("pk"),
                "layer": F("layer"),
                "created_at": clock.now(),
            },
        )


class MessageChannel(InAppChannel):
    """The bell."""

    slug = "message"
    label = _("Inbox")


class HeaderMessageChannel(InAppChannel):
    """The banner at the top of every page."""

    slug = "header_message"
    label = _("Banner")


class AlertChannel(InAppChannel):
    """The modal that must be answered."""

    slug = "alert"
    label = _("Alert")
