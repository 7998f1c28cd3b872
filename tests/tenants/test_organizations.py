"""Looking up organizations: what is remembered is what is there."""

from __future__ import annotations

import pytest
from django.db import transaction

import tocsin
from tocsin.errors import InvalidInput
from tocsin.events.models import Event
from tocsin.tenants.models import Organization, Project
from tocsin.tenants.organizations import organization_id, project_id


@pytest.mark.django_db(transaction=True)
def test_an_organization_that_was_rolled_back_is_forgotten() -> None:
    with transaction.atomic():
        Organization.objects.create(slug="acme", name="Acme")
        organization_id("acme")
        transaction.set_rollback(True)
    with pytest.raises(InvalidInput, match="acme"):
        organization_id("acme")


@pytest.mark.django_db(transaction=True)
def test_one_that_was_deleted_is_forgotten_too() -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    assert organization_id("acme") == acme.pk
    acme.delete()
    with pytest.raises(InvalidInput, match="acme"):
        organization_id("acme")


@pytest.mark.django_db(transaction=True)
def test_what_is_known_costs_no_query(django_assert_num_queries) -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    web = Project.objects.create(organization=acme, slug="web", name="Web")
    organization_id("acme")
    project_id(acme.pk, "web")
    with django_assert_num_queries(0):
        assert organization_id("acme") == acme.pk
        assert project_id(acme.pk, "web") == web.pk


@pytest.mark.django_db
def test_an_event_belongs_to_its_project() -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    web = Project.objects.create(organization=acme, slug="web", name="Web")
    event = tocsin.notify("message:internal", title="x", organization="acme", project="web")
    assert Event.objects.get(pk=event.id).project == web
    with pytest.raises(InvalidInput, match="project"):
        tocsin.notify("message:internal", title="x", project="web")
