"""What plugins are written on, served as `argus.notificationprofile.media.base`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django import forms

    from tocsin.adapters.argus.views import DestinationConfig, Destinations, Event

__all__ = ["AppriseMedium", "NotificationMedium"]


class NotificationMedium(ABC):
    """Base of plugins. `send` must be written; `MEDIA_SLUG`, `MEDIA_NAME` and a schema or a form be given."""

    MEDIA_SLUG: ClassVar[str]
    MEDIA_NAME: ClassVar[str]
    MEDIA_SETTINGS_KEY: ClassVar[str] = ""
    """The setting that holds the address."""
    MEDIA_JSON_SCHEMA: ClassVar[dict[str, Any]] = {}

    class NotDeletableError(Exception):
        """A destination cannot be deleted. The words say why."""

    def __init__(self, version: str = "v2") -> None:
        self.version = version

    @classmethod
    def validate_settings(
        cls, data: dict[str, Any], user: Any, exception_class: Any = ValidationError
    ) -> Any:
        """Clean settings. Raises `exception_class`."""
        form = cls.Form(data["settings"])  # type: ignore[attr-defined]
        if not form.is_valid():
            raise exception_class(form.errors)
        form = cls.clean(form)
        if cls.has_duplicate(user.destinations, form.cleaned_data):
            raise exception_class({cls.MEDIA_SETTINGS_KEY: f"{cls.MEDIA_NAME} already exists"})
        return form.cleaned_data

    @classmethod
    def clean(cls, form: forms.Form) -> forms.Form:
        """May change what a valid form cleaned."""
        return form

    @classmethod
    def has_duplicate(cls, queryset: Destinations, settings: dict[str, Any]) -> bool:
        """Whether one of these destinations has these settings."""
        if not cls.MEDIA_SETTINGS_KEY:
            return False
        wanted = {f"settings__{cls.MEDIA_SETTINGS_KEY}": settings.get(cls.MEDIA_SETTINGS_KEY)}
        return queryset.filter(media_id=cls.MEDIA_SLUG, **wanted).exists()

    @classmethod
    def get_label(cls, destination: DestinationConfig) -> str:
        """What a destination is called whose owner gave it no name."""
        return str(destination.settings.get(cls.MEDIA_SETTINGS_KEY) or "")

    @classmethod
    def get_relevant_address(cls, destination: DestinationConfig) -> Any:
        """What `send` sends to."""
        return destination.settings[cls.MEDIA_SETTINGS_KEY]

    @classmethod
    def get_relevant_destinations(cls, destinations: Iterable[DestinationConfig]) -> set[DestinationConfig]:
        """Those of this plugin."""
        return {one for one in destinations if one.media_id == cls.MEDIA_SLUG}

    @classmethod
    def get_relevant_addresses(cls, destinations: Iterable[DestinationConfig]) -> set[Any]:
        """The addresses of this plugin's destinations."""
        return {cls.get_relevant_address(one) for one in cls.get_relevant_destinations(destinations)}

    @classmethod
    @abstractmethod
    def send(cls, event: Event, destinations: Iterable[DestinationConfig], **kwargs: Any) -> bool:
        """Send, and say whether it was taken. False and whatever is raised is tried again later."""

    @classmethod
    def raise_if_not_deletable(cls, destination: DestinationConfig) -> None:
        """Raise `NotDeletableError` where a destination must stay."""
        if destination.managed:
            raise cls.NotDeletableError("It was defined by an outside source.")

    @classmethod
    def is_deletable(cls, destination: DestinationConfig) -> bool:
        """Whether `raise_if_not_deletable` raises nothing."""
        try:
            cls.raise_if_not_deletable(destination)
        except cls.NotDeletableError:
            return False
        return True

    @staticmethod
    def update(destination: DestinationConfig, validated_data: dict[str, Any]) -> DestinationConfig | None:
        """A destination with its new settings, where storing them as they are is not enough; else None."""
        return None


class AppriseMedium(NotificationMedium):
    """Sends by the library Apprise to the URL that a destination holds."""

    MEDIA_SLUG = "apprise"
    MEDIA_NAME = "Apprise"
    MEDIA_SETTINGS_KEY = "destination_url"
    MEDIA_JSON_SCHEMA: ClassVar[dict[str, Any]] = {
        "title": "Apprise",
        "type": "object",
        "required": ["destination_url"],
        "properties": {"destination_url": {"type": "string", "title": "Apprise URL", "writeOnly": True}},
    }

    @staticmethod
    def create_message_context(event: Event) -> tuple[str, str]:
        """The subject and the text."""
        return f"{getattr(settings, 'NOTIFICATION_SUBJECT_PREFIX', '')}{event}", event.description

    @classmethod
    def send(cls, event: Event, destinations: Iterable[DestinationConfig], **kwargs: Any) -> bool:
        """Whether Apprise delivered to all of them."""
        from apprise import Apprise

        subject, text = cls.create_message_context(event)
        answers = []
        for destination in cls.get_relevant_destinations(destinations):
            notifier = Apprise()
            added = notifier.add(cls.get_relevant_address(destination))
            answers.append(bool(added and notifier.notify(body=text, title=subject)))
        return bool(answers) and all(answers)
