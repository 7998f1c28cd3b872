"""The two plugins that Argus brings, for those who derive plugins from them. By themselves our channels stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms

from tocsin.adapters.argus.base import NotificationMedium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.adapters.argus.views import DestinationConfig, Event

__all__ = ["EmailNotification", "SMSNotification", "modelinstance_to_dict", "send_email_safely"]


def modelinstance_to_dict(obj: Any) -> dict[str, Any]:
    """The columns of an incident."""
    return {name: value for name, value in vars(obj).items() if name != "_state"}


def send_email_safely(
    function: Callable[..., Any], additional_error: Any = None, *args: Any, **kwargs: Any
) -> Any:
    """Call it. Whatever it raises is the outcome of this destination, and tried again later."""
    return function(*args, **kwargs)


class _Ours(NotificationMedium):
    """Sends by one of our channels, whatever name a derived plugin has."""

    CHANNEL: ClassVar[str]

    @classmethod
    def send(cls, event: Event, destinations: Iterable[DestinationConfig], **kwargs: Any) -> bool:
        """Whether all were taken."""
        from tocsin.adapters.direct import send_to

        targets = [{cls.MEDIA_SETTINGS_KEY: cls.get_relevant_address(one)}
                   for one in cls.get_relevant_destinations(destinations)]  # fmt: skip
        send_to(cls.CHANNEL, targets, event.incident.description, event.description)
        return bool(targets)


class EmailNotification(_Ours):
    """Mails."""

    CHANNEL = "email"
    MEDIA_SLUG = "email"
    MEDIA_NAME = "Email"
    MEDIA_SETTINGS_KEY = "email_address"
    MEDIA_JSON_SCHEMA: ClassVar[dict[str, Any]] = {
        "title": "Email",
        "type": "object",
        "required": ["email_address"],
        "properties": {"email_address": {"type": "string", "title": "Email address"}},
    }

    class Form(forms.Form):
        """Its settings."""

        synced = forms.BooleanField(disabled=True, required=False, initial=False)
        email_address = forms.EmailField()


class SMSNotification(_Ours):
    """Text messages through a mail gateway."""

    CHANNEL = "sms"
    MEDIA_SLUG = "sms"
    MEDIA_NAME = "SMS"
    MEDIA_SETTINGS_KEY = "phone_number"
    MEDIA_JSON_SCHEMA: ClassVar[dict[str, Any]] = {
        "title": "SMS",
        "type": "object",
        "required": ["phone_number"],
        "properties": {"phone_number": {"type": "string", "title": "Phone number"}},
    }
