"""Whatever fails, comes late, waits or is told again: in the end a tracker shows each story as it stands."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import tocsin
from tocsin import clock
from tocsin.channels.base import Abilities, Cause, Moot, Retry, Sent
from tocsin.channels.memory import MemoryChannel
from tocsin.deliveries.models import Delivery
from tocsin.recipients.models import Person
from tocsin.testing import deliver_now, frozen

if TYPE_CHECKING:
    from tocsin.channels.base import Message, Outcome

pytestmark = pytest.mark.django_db

STATUSES = ("open", "open", "acknowledged", "resolved")


class Tracker:
    """Issues that are found by their group, and remember which messages they were told, as Jira's do."""

    def __init__(self, chance: random.Random, failing: float) -> None:
        self.chance, self.failing = chance, failing
        self.open: dict[str, str] = {}
        """The open issue of each group that has one."""
        self.told: dict[str, str] = {}
        self.left: dict[str, int] = {}
        """How often a message is refused at least."""

    def __call__(self, message: Message) -> Outcome:
        if message.key in self.told:
            return Sent(self.told[message.key])
        often = self.chance.randint(3, 9) if self.chance.random() < 0.15 else 0
        self.left[message.key] = self.left.get(message.key, often + 1) - 1
        if self.left[message.key] <= 0 and self.chance.random() >= self.failing:
            return self._take(message)
        if self.chance.random() < 0.2:  # it is taken, and the answer is lost
            self._take(message)
        return Retry(Cause.SERVER_ERROR, after=self.chance.choice([1, 30, 200, 1500, 4000]))

    def _take(self, message: Message) -> Outcome:
        group = message.group
        if message.action == "resolve":
            issue = self.open.pop(group, "")
            if not issue:
                return Moot()
        else:
            issue = self.open.setdefault(group, f"OPS-{len(self.told) + 1}")
        self.told[message.key] = issue
        return Sent(issue)


@pytest.fixture
def ana(person, settings, monkeypatch):
    settings.TOCSIN = settings.TOCSIN | {"MAX_ATTEMPTS": 1000, "GIVE_UP_HOURS": 8000}
    following = Abilities(updates=True, threads=True, closes=True, receipts=True)
    monkeypatch.setattr(MemoryChannel, "abilities", following)
    tocsin.event_type("test:chance", label="By chance", channels=["memory"], critical_passes=True)
    return person("ana")


def tell(chance: random.Random, number: int) -> tuple[str, str]:
    """Accept one event; its group and what that is then."""
    group, status = chance.choice("ab"), chance.choice(STATUSES)
    tocsin.notify(
        "test:chance", title=f"Nr {number}", to=["user:ana"], channel="memory",
        group_key=group, status=status, level=chance.choice(["info", "error", "critical"]),
    )  # fmt: skip
    return group, status


ON_EVERY_DATABASE = 4
SEEDS = [
    pytest.param(seed, marks=[] if seed < ON_EVERY_DATABASE else pytest.mark.only_on("sqlite"))
    for seed in range(16)
]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_story_ends_as_it_happened(ana, memory, seed) -> None:
    random.seed(seed)  # of the back-off
    chance, now, stands = random.Random(seed), clock.now(), {}
    tracker = memory.script = Tracker(chance, chance.choice([0.0, 0.2, 0.5]))
    sleeps = chance.random() < 0.4
    for _ in range(25):
        now += timedelta(seconds=chance.choice([1, 5, 60, 400, 3700]))
        with frozen(now):
            if sleeps and chance.random() < 0.2:
                until = now + timedelta(hours=chance.choice([0, 2, 6]))
                Person.objects.update_or_create(user=ana, defaults={"dnd_until": until})
            for number in range(chance.choice([0, 1, 1, 3])):
                group, status = tell(chance, number)
                stands[group] = status
            if chance.random() < 0.7:
                deliver_now()
    Person.objects.update(dnd_until=None)
    tracker.failing = 0.0
    unfinished = Delivery.objects.exclude(state__in=("sent", "skipped"))
    for _ in range(400):
        now += timedelta(seconds=chance.choice([2, 61, 900]))
        with frozen(now):
            deliver_now()
        if not unfinished.exists():
            break
    assert list(unfinished) == []
    assert sorted(tracker.open) == sorted(group for group, status in stands.items() if status != "resolved")
