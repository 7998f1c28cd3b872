"""Notification actions as code of Sentry knows them. An action is one of our rules with a service and a target."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from tocsin.adapters.sentry.kinds import (
    SERVICES,
    TARGETS,
    TRIGGERS,
    ActionService,
    ActionTarget,
    ActionTrigger,
    FlexibleIntEnum,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ActionRegistration",
    "ActionService",
    "ActionTarget",
    "ActionTrigger",
    "FlexibleIntEnum",
    "NotificationAction",
]

logger = logging.getLogger("tocsin.adapters")


class ActionRegistration(ABC):
    """Base of registrations, one object for each call."""

    def __init__(self, action: NotificationAction) -> None:
        self.action = action

    @abstractmethod
    def fire(self, data: Any) -> None:
        """Do it. Whatever is raised is tried again later."""

    @classmethod  # noqa: B027 (it need not be written)
    def validate_action(cls, data: Mapping[str, Any]) -> None:
        """Called before such an action is saved. Raise a ValidationError, Django's or DRF's."""

    @classmethod
    def serialize_available(cls, organization: Any, integrations: list[Any] | None = None) -> list[Any]:
        """What a form for such actions may offer in this organization."""
        return []


R = TypeVar("R", bound=type[Any])
Key = tuple[int, int, int]


@dataclass
class NotificationAction:
    """A rule, in the words of the original."""

    trigger_type: int
    type: int
    target_type: int
    target_identifier: str = ""
    target_display: str = ""
    id: int | None = None
    organization_id: int | None = None
    integration_id: int | None = None
    sentry_app_id: int | None = None
    projects: list[Any] = field(default_factory=list)

    _registry: ClassVar[dict[Key, Any]] = {}
    connect: ClassVar[Callable[[Key], None] | None] = None
    """Makes a registration known to our rules; None until all apps are loaded."""

    @property
    def service_type(self) -> int:
        return self.type

    @property
    def pk(self) -> int | None:
        return self.id

    @classmethod
    def register_action(cls, trigger_type: int, service_type: int, target_type: int) -> Callable[[R], R]:
        """Decorate a registration. Raises AttributeError for an unknown number, and for a second one."""
        key = (int(trigger_type), int(service_type), int(target_type))
        for choices, value in zip((TRIGGERS, SERVICES, TARGETS), key, strict=True):
            choices.name(value)

        def register(registration: R) -> R:
            if key in cls._registry:
                names = cls.get_registry_key(*key)
                raise AttributeError(f"There is a registration for {names} already. Keep one of the two.")
            cls._registry[key] = registration
            if cls.connect is not None:
                cls.connect(key)
            return registration

        return register

    @classmethod
    def register_trigger_type(cls, value: int, display_text: str) -> None:
        """Add a trigger: its number, and the key of the event type. Raises AttributeError for a taken one."""
        TRIGGERS.add(int(value), display_text)

    @classmethod
    def register_service_type(cls, value: int, display_text: str) -> None:
        """Add a service: its number, and the slug of a channel or any other name."""
        SERVICES.add(int(value), display_text)

    @classmethod
    def register_target_type(cls, value: int, display_text: str) -> None:
        """Add a target."""
        TARGETS.add(int(value), display_text)

    @classmethod
    def get_trigger_types(cls) -> tuple[tuple[int, str], ...]:
        return TRIGGERS.all()

    @classmethod
    def get_trigger_text(cls, trigger_type: int) -> str:
        return TRIGGERS.name(trigger_type)

    @classmethod
    def get_registry_key(cls, trigger_type: int, service_type: int, target_type: int) -> str:
        return f"{int(trigger_type)}:{int(service_type)}:{int(target_type)}"

    @classmethod
    def get_registry(cls) -> dict[str, Any]:
        return {cls.get_registry_key(*key): made for key, made in cls._registry.items()}

    @classmethod
    def get_registration(cls, trigger_type: int, service_type: int, target_type: int) -> Any:
        """What is registered for the three, or None."""
        return cls._registry.get((int(trigger_type), int(service_type), int(target_type)))

    def fire(self, *args: Any, **kwargs: Any) -> Any:
        """Call the registration, here and now. An event of the trigger's type tells all actions, durably."""
        made = self.get_registration(self.trigger_type, self.type, self.target_type)
        if made is None:
            key = self.get_registry_key(self.trigger_type, self.type, self.target_type)
            logger.error("nothing is registered for the action %s (%s): nobody is told", self.id, key)
            return None
        return made(action=self).fire(*args, **kwargs)
