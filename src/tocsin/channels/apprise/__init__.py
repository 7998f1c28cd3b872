"""Channel `apprise`: the long tail of services, through the package of that name. Runs apart, as foreign code."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from apprise import NotifyFormat, NotifyType
from apprise.conversion import convert_between
from apprise.exception import AppriseImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from tocsin.channels.apprise.allowed import ALLOWED, CHATS
from tocsin.channels.apprise.answer import outcome_of
from tocsin.channels.apprise.ears import listening
from tocsin.channels.apprise.form import AppriseForm
from tocsin.channels.apprise.plugins import SlowDown, UnusableError, plugin_of, plugin_of_url
from tocsin.channels.apprise.wording import (
    LONGEST_TEXT,
    MAX_CHARACTERS,
    OVERHEAD,
    defused,
    fitted,
    text_of,
    title_of,
)
from tocsin.channels.base import (
    Abilities,
    Cause,
    Channel,
    Message,
    Outcome,
    Rejected,
    Rendered,
    Retry,
)
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apprise.plugins.base import NotifyBase

_UNUSABLE = "Apprise does not take these settings. Save them again."


class AppriseChannel(Channel):
    """Hands each message to the plugin of one service."""

    slug = "apprise"
    label = _("Apprise")
    form = AppriseForm
    deadline_seconds: ClassVar[float] = 20.0
    runs_foreign_code: ClassVar[bool] = True
    abilities: ClassVar[Abilities] = Abilities(formats=("text",), max_characters=MAX_CHARACTERS)

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """The service's name, or the scheme of a URL: the rest of it is secret."""
        service = ALLOWED.get(settings.get("service", ""))
        return service.name if service else _scheme(settings.get("url", ""))

    def render(self, message: Message) -> Rendered:
        return Rendered(title_of(message), text_of(message))

    def send(self, message: Message) -> Outcome:
        settings = message.target.settings
        try:
            plugin = self._plugin(message)
        except UnusableError:
            return Rejected(Cause.BAD_SETTINGS, _UNUSABLE)
        origin = self._origin(settings)
        title, body = _fit(plugin, self.render(message), in_chat=settings.get("service", "") in ("", *CHATS))
        with listening() as heard:
            try:
                answer = plugin.notify(
                    body=body, title=title, notify_type=_kind(message), body_format=NotifyFormat.TEXT
                )
            except SlowDown as wish:
                return Retry(Cause.THROTTLED, f"{origin} asked to wait", wish.seconds)
            except AppriseImproperlyConfigured:
                return Rejected(Cause.BAD_SETTINGS, _UNUSABLE)
        return outcome_of(answer, heard, origin)

    def secrets_of(self, message: Message) -> list[str]:
        """Also as they look inside a URL; and of an Apprise URL the host, which often is a token."""
        found = super().secrets_of(message)
        found += [quote(text, safe="") for text in found]
        return [*found, _host(message.target.settings.get("url", ""))]

    def _plugin(self, message: Message) -> NotifyBase:
        settings = message.target.settings
        if url := settings.get("url", ""):
            return plugin_of_url(str(url), self.deadline_seconds)
        service, values = settings.get("service", ""), settings.get("values") or {}
        return plugin_of(service, values, self.deadline_seconds, _incident(message))

    def _origin(self, settings: Mapping[str, Any]) -> str:
        """What may be said of the far side: in many Apprise URLs the host is a token."""
        service = ALLOWED.get(settings.get("service", ""))
        return f"https://{service.host}" if service else _scheme(settings["url"])


def _scheme(url: str) -> str:
    return str(url).partition("://")[0].lower() + "://"


def _host(url: str) -> str:
    return str(url).partition("://")[2].partition("/")[0].rpartition("@")[2]


def _incident(message: Message) -> str:
    """The same in all attempts, and for all events of one group."""
    event = message.event
    about = f"{event.organization}/{event.group_key}" if event.group_key else message.key
    return hashlib.sha256(about.encode()).hexdigest()


def _kind(message: Message) -> NotifyType:
    if message.action == "resolve":
        return NotifyType.SUCCESS
    level = message.event.level
    if level >= Level.ERROR:
        return NotifyType.FAILURE
    return NotifyType.WARNING if level >= Level.WARNING else NotifyType.INFO


def _fit(plugin: NotifyBase, rendered: Rendered, *, in_chat: bool) -> tuple[str, str]:
    """Title and text as the plugin takes them. An SMS with a zero-width space would cost twice as much."""
    title, body = rendered.subject, rendered.text
    if in_chat:
        title, body = defused(title), defused(body)
    target = plugin.resolve_format(NotifyFormat.TEXT)

    def written(text: str) -> str:
        plain = convert_between(NotifyFormat.TEXT, target, text)  # type: ignore[no-untyped-call]
        return plugin.dialect_convert(plain, target)

    merged = plugin.title_maxlen <= 0 or plugin.overflow_amalgamate_title
    title = fitted(title, plugin.body_maxlen // 2 if plugin.title_maxlen <= 0 else plugin.title_maxlen)
    if not body:
        title, body = "", title
    room = min(plugin.body_maxlen, LONGEST_TEXT) - (len(written(title)) + OVERHEAD if merged and title else 0)
    return title, fitted(body, room, written)
