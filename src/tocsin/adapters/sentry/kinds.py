"""The numbers of triggers, services and targets, and their names, which are ours. Open to others."""

from __future__ import annotations

from enum import IntEnum


class Choices:
    """Numbers and names of one kind."""

    def __init__(self, kind: str, names: dict[int, str]) -> None:
        self.kind = kind
        self._names = names

    def all(self) -> tuple[tuple[int, str], ...]:
        """Every pair that there is."""
        return tuple(self._names.items())

    def add(self, value: int, name: str) -> None:
        """One more. Raises AttributeError where the number has another name, or the name another number."""
        number = self.number(name)
        if self._names.get(value, name) != name or number not in (None, value):
            raise AttributeError(
                f"{self.kind} {value} {name!r}: the number or the name is taken. Choose another."
            )
        self._names[value] = name

    def name(self, value: int) -> str:
        """The name of a number. Raises AttributeError with the remedy."""
        if value not in self._names:
            raise AttributeError(
                f"{self.kind} {value} is not known. Register it: register_{self.kind}_type()."
            )
        return self._names[value]

    def number(self, name: str) -> int | None:
        """The number of a name, if there is one."""
        return next((value for value, known in self._names.items() if known == name), None)


class FlexibleIntEnum(IntEnum):
    """Numbers with names, as the original has them. Others derive enumerations of their own from it."""

    @classmethod
    def as_choices(cls) -> tuple[tuple[int, str], ...]:
        """(number, name) of each member."""
        return tuple((member.value, member.name.lower()) for member in cls)

    @classmethod
    def get_name(cls, value: int) -> str | None:
        """The name of a number, if it has one."""
        return dict(cls.as_choices()).get(value)

    @classmethod
    def get_value(cls, name: str) -> int | None:
        """The number of a name, if it has one."""
        return {known: value for value, known in cls.as_choices()}.get(name)


class ActionService(FlexibleIntEnum):
    """By what it is told."""

    EMAIL = 0
    PAGERDUTY = 1
    SLACK = 2
    MSTEAMS = 3
    SENTRY_APP = 4
    SENTRY_NOTIFICATION = 5
    OPSGENIE = 6
    DISCORD = 7

    @classmethod
    def as_choices(cls) -> tuple[tuple[int, str], ...]:
        return SERVICES.all()


class ActionTarget(FlexibleIntEnum):
    """What `target_identifier` names."""

    SPECIFIC = 0
    USER = 1
    TEAM = 2
    SENTRY_APP = 3

    @classmethod
    def as_choices(cls) -> tuple[tuple[int, str], ...]:
        return TARGETS.all()


class ActionTrigger(FlexibleIntEnum):
    """What happened: the key of an event type."""

    AUDIT_LOG = 0
    GS_SPIKE_PROTECTION = 100

    @classmethod
    def as_choices(cls) -> tuple[tuple[int, str], ...]:
        return TRIGGERS.all()


SERVICES = Choices("service", {member.value: member.name.lower() for member in ActionService})
TARGETS = Choices("target", {member.value: member.name.lower() for member in ActionTarget})
TRIGGERS = Choices(
    "trigger", {ActionTrigger.AUDIT_LOG: "audit-log", ActionTrigger.GS_SPIKE_PROTECTION: "spike-protection"}
)
