"""One message, handed to Apprise's plugin. Loaded when there is one: the package takes longer than a command."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from apprise import NotifyFormat, NotifyType
from apprise.conversion import convert_between
from apprise.exception import AppriseImproperlyConfigured

from tocsin.channels.apprise.allowed import ALLOWED, CHATS, scheme_of
from tocsin.channels.apprise.answer import outcome_of
from tocsin.channels.apprise.ears import listening
from tocsin.channels.apprise.plugins import SlowDown, UnusableError, plugin_of, plugin_of_url
from tocsin.channels.apprise.wording import LONGEST_TEXT, OVERHEAD, defused, fitted
from tocsin.channels.outcomes import Cause, Outcome, Rejected, Retry
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apprise.plugins.base import NotifyBase

    from tocsin.channels.base import Message, Rendered

_UNUSABLE = "Apprise does not take these settings. Save them again."


def hand_over(message: Message, rendered: Rendered, seconds: float) -> Outcome:
    """Have the plugin of the message's service send it within `seconds`."""
    settings = message.target.settings
    try:
        plugin = _plugin(message, seconds)
    except UnusableError:
        return Rejected(Cause.BAD_SETTINGS, _UNUSABLE)
    origin = _origin(settings)
    title, body = _fit(plugin, rendered, in_chat=settings.get("service", "") in ("", *CHATS))
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


def _plugin(message: Message, seconds: float) -> NotifyBase:
    settings = message.target.settings
    if url := settings.get("url", ""):
        return plugin_of_url(str(url), seconds)
    service, values = settings.get("service", ""), settings.get("values") or {}
    return plugin_of(service, values, seconds, _incident(message))


def _origin(settings: Mapping[str, Any]) -> str:
    """What may be said of the far side: in many Apprise URLs the host is a token."""
    service = ALLOWED.get(settings.get("service", ""))
    return f"https://{service.host}" if service else scheme_of(settings["url"])


def _incident(message: Message) -> str:
    """The same in all attempts, and for all events of one group."""
    about = f"{message.event.organization}/{message.group}" if message.group else message.key
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
