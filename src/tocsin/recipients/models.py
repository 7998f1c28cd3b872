"""Tables of the recipients. A user's account address needs no row until there is something to remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from tocsin.tenants.scope import Scope


class Person(models.Model):
    """What tocsin remembers of a user, made when there is something to remember."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    time_zone = models.CharField(max_length=64, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    dnd_until = models.DateTimeField(null=True, blank=True)
    windows = models.JSONField(null=True, blank=True)
    inbox_changes = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("person"), _("people")
        indexes = [
            models.Index(
                fields=["dnd_until"],
                name="tocsin_person_resting",
                condition=Q(dnd_until__isnull=False) | Q(windows__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.user_id)


class DestinationQuerySet(models.QuerySet["Destination"]):
    """Destinations, which belong to a user or to an organization."""

    def within(self, scope: Scope) -> Self:
        """What `scope` may see: the organization's, and the reader's own."""
        if scope.organizations is None:
            return self.all()
        return self.filter(
            Q(organization__in=scope.organizations) | Q(user=scope.user_id, user__isnull=False)
        )

    def usable(self) -> Self:
        return self.filter(disabled_at__isnull=True)


class Destination(models.Model):
    """A user's or an organization's address on a channel. Secret settings are kept encrypted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    organization = models.ForeignKey(
        "tocsin.Organization", models.CASCADE, null=True, blank=True, related_name="+"
    )
    channel = models.CharField(max_length=50)
    label = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
    secrets = models.TextField(blank=True, editable=False)
    identity = models.CharField(max_length=320)
    managed = models.BooleanField(default=False)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=64, blank=True, editable=False)
    code_until = models.DateTimeField(null=True, editable=False)
    code_tries = models.SmallIntegerField(default=0, editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager.from_queryset(DestinationQuerySet)()

    class Meta:
        verbose_name, verbose_name_plural = _("destination"), _("destinations")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(organization__isnull=True), name="tocsin_destination_owner"
            ),
            models.UniqueConstraint(
                fields=["user", "channel", "identity"],
                name="tocsin_destination_user_identity",
                condition=Q(managed=False),
            ),
            models.UniqueConstraint(
                fields=["organization", "channel", "identity"], name="tocsin_destination_org_identity"
            ),
            models.UniqueConstraint(
                fields=["user", "channel", "label"],
                name="tocsin_destination_user_label",
                condition=Q(managed=False),
            ),
            models.UniqueConstraint(
                fields=["organization", "channel", "label"], name="tocsin_destination_org_label"
            ),
            models.UniqueConstraint(
                fields=["user", "channel"], name="tocsin_destination_managed", condition=Q(managed=True)
            ),
        ]
        indexes = [models.Index(fields=["channel", "identity"], name="tocsin_destination_identity")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.label}"


class Preference(models.Model):
    """A wish for a type of event, or a category, on one channel: a person's, or an organization's for its people."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    organization = models.ForeignKey(
        "tocsin.Organization", models.CASCADE, null=True, blank=True, related_name="+"
    )
    event_type = models.CharField(max_length=110)
    channel = models.CharField(max_length=50)
    wanted = models.BooleanField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("preference"), _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(organization__isnull=True), name="tocsin_preference_owner"
            ),
            models.UniqueConstraint(
                fields=["user", "event_type", "channel"], name="tocsin_preference_subject"
            ),
            models.UniqueConstraint(
                fields=["organization", "event_type", "channel"], name="tocsin_preference_org_subject"
            ),
        ]
        indexes = [
            models.Index(
                fields=["event_type", "channel", "user"],
                name="tocsin_preference_refused",
                condition=Q(wanted=False),
            ),
        ]

    def __str__(self) -> str:
        whose = self.user_id or f"org {self.organization_id}"
        return f"{whose}: {'yes' if self.wanted else 'no'} to {self.event_type} by {self.channel}"
