"""A plugin as a channel: a delivery for each destination, and an outcome for each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.module_loading import import_string

from tocsin.adapters.argus import views
from tocsin.adapters.argus.form import form_of
from tocsin.adapters.argus.validation import maker, worded
from tocsin.channels.base import Abilities, Cause, Channel, Message, Outcome, Rendered, Retry, Sent
from tocsin.channels.offers import Offer, Unfit
from tocsin.channels.text import to_text
from tocsin.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.channels.base import Recipient, Target

logger = logging.getLogger("tocsin.adapters")

NEEDED = ("MEDIA_SLUG", "MEDIA_NAME", "send")


class PluginChannel(Channel):
    """Base of the channels that are made of plugins."""

    plugin: ClassVar[Any]
    abilities = Abilities(threads=True)
    """A later event of a group is a change of its incident."""
    runs_foreign_code = True
    joins = False

    @property
    def media(self) -> views.Media:
        """The plugin as its destinations name it."""
        return views.Media(self.slug, str(self.label))

    def render(self, message: Message) -> Rendered:
        return Rendered(message.event.title, to_text(message.event.body))

    def send(self, message: Message) -> Outcome:
        """What the plugin says of one destination. One that answers nothing is taken to have sent."""
        to = views.destination_of(message.target, self.media, message.recipient)
        answer = maker(self.plugin, "send")(views.event_of(message), views.Destinations([to]))
        if answer is False:
            return Retry(Cause.REFUSED_CONTENT, "the plugin answered False")
        return Sent(message.thread or message.key)

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """The plugin's own label, unless it would show a secret."""
        shown = views.DestinationConfig(self.media, dict(settings))
        try:
            label = str(self.plugin.get_label(shown) or "")
        except Exception as error:
            logger.warning("%s has no label for a destination: %s", self.slug, type(error).__name__)
            return str(self.label)
        hidden = [str(settings.get(name, "")) for name in self.form.secret_fields]
        return str(self.label) if not label or any(one and one in label for one in hidden) else label

    def judge(self, target: Target, others: Iterator[Target], owner: Recipient | None) -> None:
        if not hasattr(self.plugin, "has_duplicate"):
            return
        theirs = views.Destinations(views.destination_of(one, self.media, owner) for one in others)
        with worded("settings"):
            found = self.plugin.has_duplicate(theirs, dict(target.settings))
        if found:
            raise invalid(
                "settings", "The owner has a destination with this address already.", "Use that one."
            )

    def on_change(self, before: Target, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        if not hasattr(self.plugin, "update"):
            return settings
        now = views.destination_of(before, self.media)
        with worded("settings"):
            answer = self.plugin.update(now, {"settings": dict(settings), "label": before.label})
        return settings if answer is None else answer.settings

    def why_not_deletable(self, target: Target) -> str:
        shown = views.destination_of(target, self.media)
        refusal = getattr(self.plugin, "NotDeletableError", None)
        try:
            if hasattr(self.plugin, "raise_if_not_deletable"):
                self.plugin.raise_if_not_deletable(shown)
            if hasattr(self.plugin, "is_deletable") and not self.plugin.is_deletable(shown):
                return "The plugin says that it cannot be deleted."
        except Exception as error:
            if refusal is not None and isinstance(error, refusal):
                return str(error) or "The plugin says that it cannot be deleted."
            logger.exception("the plugin %s failed when it was asked about a deletion", self.slug)
            return f"The plugin raised {type(error).__name__}; its traceback is in the log. Mend it."
        return ""


def channel_of(path: Any, field: str, number: int) -> Offer:
    """What a plugin at a dotted path offers. Whether it can be loaded is found out at once: its slug is needed."""
    try:
        made = _made(path)
    except Exception as error:
        return unfit(field, number, error)
    return Offer(made.slug, field, "Argus", lambda: made)


def unfit(field: str, number: int, error: Exception) -> Offer:
    """An offer that comes to nothing, under a slug that is nobody else's."""
    return Offer(f"plugin-{number}", field, "Argus", _raising(error))


def _made(path: Any) -> type[PluginChannel]:
    plugin = _loaded(path)
    return type(plugin.__name__, (PluginChannel,), {
        "plugin": plugin, "slug": plugin.MEDIA_SLUG, "label": plugin.MEDIA_NAME, "form": form_of(plugin),
        "__module__": plugin.__module__,
    })  # fmt: skip


def _loaded(path: Any) -> Any:
    if not isinstance(path, str):
        raise Unfit(f"is {path!r}", "Write the dotted path of a plugin.")
    plugin = import_string(path)
    if lacking := [name for name in NEEDED if not getattr(plugin, name, None)]:
        raise Unfit(f"is a plugin without {', '.join(lacking)}", "Give its class what is missing.")
    if not isinstance(plugin.MEDIA_SLUG, str):
        raise Unfit(f"has the MEDIA_SLUG {plugin.MEDIA_SLUG!r}", "Write a short name in quotes.")
    return plugin


def _raising(error: Exception) -> Any:
    def load() -> object:
        raise error

    return load
