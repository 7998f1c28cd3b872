"""What hangs on an object goes when the object does, where a host asks for it and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.signals import post_delete

import tocsin
from tocsin.events.models import Event
from tocsin.schedule.models import Series
from tocsin.tenants.models import Organization

pytestmark = pytest.mark.django_db

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(autouse=True)
def _disconnected():
    yield
    post_delete.disconnect(sender=Group, dispatch_uid="tocsin.cancel_on_delete.auth.group")


@pytest.fixture
def group():
    return Group.objects.create(name="crew")


def state(about: Group, **fields) -> str:
    """What became of a reminder about an object that is deleted."""
    event = tocsin.notify("drill", title="x", about=about, due_at=LATER, **fields).id
    about.delete()
    return Event.objects.get(pk=event).state


def test_nothing_goes_by_itself(group) -> None:
    assert state(group) == "waiting"


def test_events_and_series_go_with_their_object(group) -> None:
    tocsin.cancel_on_delete(Group)
    tocsin.cancel_on_delete(Group)
    series = tocsin.repeat("drill", rrule="FREQ=DAILY", title="x", about=group)
    other = tocsin.notify("drill", title="x", about=Group.objects.create(name="others"), due_at=LATER)
    assert state(group) == "cancelled"
    assert Series.objects.get(pk=series.pk).state == "cancelled"
    assert Event.objects.get(pk=other.id).state == "waiting"


def test_deleting_many_at_once_is_no_way_around(group) -> None:
    tocsin.cancel_on_delete(Group)
    event = tocsin.notify("drill", title="x", about=group, due_at=LATER)
    Group.objects.all().delete()
    assert Event.objects.get(pk=event.id).state == "cancelled"


def test_it_is_undone_with_the_deletion(group) -> None:
    tocsin.cancel_on_delete(Group)
    with transaction.atomic():
        assert state(group) == "cancelled"
        transaction.set_rollback(True)
    assert Group.objects.filter(name="crew").exists()


@pytest.mark.parametrize(
    "organization", ["acme", lambda group: f"{group.name}-org"], ids=["slug", "function"]
)
def test_of_another_organization(group, organization) -> None:
    Organization.objects.create(slug="acme")
    Organization.objects.create(slug="crew-org")
    tocsin.cancel_on_delete(Group, organization)
    slug = organization(group) if callable(organization) else organization
    assert state(group, organization=slug) == "cancelled"
