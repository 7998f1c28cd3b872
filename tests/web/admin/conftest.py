"""Somebody at Django's admin, and rows in every table to look at."""

from __future__ import annotations

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from tocsin import models
from tocsin.levels import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7|add:7 }} %s"


@pytest.fixture
def hostile() -> str:
    """Text that does harm where it is anything but text."""
    return HOSTILE


@pytest.fixture
def root(person: Callable[..., Any]) -> Any:
    return person("root", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(root: Any, browse: Callable[..., Client]) -> Client:
    """A superuser's browser."""
    return browse(root)


@pytest.fixture
def let_in(person: Callable[..., Any], browse: Callable[..., Client]) -> Callable[..., Client]:
    """The browser of somebody on the staff with these permissions only, such as "view_event"."""

    def make(*codenames: str) -> Client:
        clerk = person("clerk", is_staff=True)
        found = Permission.objects.filter(codename__in=codenames)
        assert len(found) == len(codenames)
        clerk.user_permissions.set(found)
        return browse(clerk)

    return make


@pytest.fixture
def fill(db: None, django_user_model: Any) -> Callable[[str], dict[type, Any]]:
    """Puts one row into every table, with `text` wherever people may write, and returns them by model."""
    return lambda text="News": Filling(django_user_model, text).rows


class Filling:
    """One row of each table, that hang together."""

    def __init__(self, users: Any, text: str) -> None:
        self.text, self.now = text, timezone.now()
        self.number = users.objects.count()
        self.user = users.objects.create_user(f"user{self.number}", f"u{self.number}@example.org")
        self.rows: dict[type, Any] = {}
        self.tenants()
        self.ledger()
        self.rules()
        self.recipients()
        self.running()

    def add(self, model: Any, **fields: Any) -> Any:
        self.rows[model] = model.objects.create(**fields)
        return self.rows[model]

    def tenants(self) -> None:
        slug = f"org{self.number}"
        self.organization = self.add(
            models.Organization, slug=slug, name=self.text, account_manager=self.user
        )
        own = {"organization": self.organization}
        self.project = self.add(models.Project, **own, slug="web", name=self.text)
        team = self.add(models.Team, **own, slug="ops", name=self.text)
        self.add(models.Membership, **own, user=self.user, role="owner")
        self.add(models.TeamMember, team=team, user=self.user)
        self.add(models.ApiToken, **own, name=self.text[:100], prefix=slug, digest="d1g3st", scopes=["rules"])
        self.add(models.AuditEntry, **own, at=self.now, by=self.text, action="x", subject=self.text,
                 before={"a": self.text})  # fmt: skip

    def ledger(self) -> None:
        own = {"organization": self.organization}
        common = {"type": "message:system", "title": self.text, "body_hash": "h", "created_at": self.now}
        series = self.add(models.Series, **own, **common, event={"body": self.text}, rrule="FREQ=DAILY",
                          time_zone="UTC", starts_at=self.now, created_by=self.text, latest_at=self.now,
                          latest_wall="2026-01-01T09:00:00", number=1, state="ended")  # fmt: skip
        event = self.add(models.Event, **own, **common, project=self.project, series=series, level=Level.ERROR,
                         body=self.text, data={"a": self.text}, url="javascript:alert(1)", about=self.text,
                         due_at=self.now, priority=1)  # fmt: skip
        told = {**own, "event": event, "user": self.user, "created_at": self.now}
        delivery = self.add(models.Delivery, **told, channel="email", label=self.text, identity=self.text,
                            address="s3aled", state="dead", reason="gave_up", due_at=self.now,
                            priority=1)  # fmt: skip
        self.add(models.Attempt, delivery=delivery, number=1, started_at=self.now, finished_at=self.now,
                 outcome="rejected", detail=self.text)  # fmt: skip
        self.add(models.InboxItem, **told, channel="message")

    def rules(self) -> None:
        own = {"organization": self.organization}
        stamps = {"created_at": self.now, "updated_at": self.now}
        rule = self.add(models.Rule, **own, **stamps, name=self.text[:100], level=20, user=self.user)
        change = {"number": 1, "by": self.text, "at": self.now}
        self.add(models.RuleVersion, **own, **change, rule=rule, spec={"name": self.text}, action="create")
        self.add(models.RuleKey, rule=rule, key="k")
        self.add(models.RuleField, **own, pattern="*", field=self.text, kind="x")
        self.add(models.DeclaredType, **own, **stamps, key=f"org{self.number}:x", label=self.text, level=20)
        template = self.add(models.Template, **own, **stamps, event_type="x:y", channel="email",
                            title=self.text, version=1)  # fmt: skip
        self.add(models.TemplateVersion, **own, **change, template=template, title=self.text)

    def recipients(self) -> None:
        self.add(models.Destination, user=self.user, channel="email", label=self.text[:100],
                 identity=f"{self.number}@example.org", managed=True, secrets="s3aled", code="c0de")  # fmt: skip
        self.add(models.Person, user=self.user, time_zone="Europe/Oslo")
        self.add(models.Preference, user=self.user, event_type=self.text[:110], channel="email", wanted=False)

    def running(self) -> None:
        task = self.add(models.Task, organization=self.organization, name=self.text)
        later = self.now + timedelta(minutes=1)
        self.add(models.TaskRun, organization=self.organization, task=task, host=self.text, status="failed",
                 problem=self.text, started_at=self.now, finished_at=later,
                 log=zlib.compress(self.text.encode()))  # fmt: skip
        self.add(models.Pause, channel=f"c{self.number}", by=self.text)
        self.add(models.Rest, origin=f"https://h{self.number}.example", account=self.text, is_circuit=True,
                 until=self.now, backoff_seconds=5.0)  # fmt: skip
        self.add(models.Budget, key=f"h{self.number}.example", tokens=1.5, at=self.now)
        self.add(models.Worker, name=f"w{self.number}", engine="x", started_at=self.now, beat_at=self.now,
                 note=self.text)  # fmt: skip
        self.add(models.RateBucket, key=f"person:{self.number}", level=1.5, at=self.now)
