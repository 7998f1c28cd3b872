"""The series row: an event that comes again, and how far it has come."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.tenants.scope import ScopedManager


class SeriesState(models.TextChoices):
    """Whether more is to come."""

    ACTIVE = "active", _("It goes on.")
    ENDED = "ended", _("Its rule has no further occurrence.")
    CANCELLED = "cancelled", _("It was cancelled.")


class Series(models.Model):
    """A recurrence and the event it repeats. The next occurrence always exists, as an event that waits."""

    organization = models.ForeignKey("tocsin.Organization", models.PROTECT, related_name="+")
    project = models.ForeignKey("tocsin.Project", models.SET_NULL, null=True, blank=True, related_name="+")
    type = models.CharField(max_length=100)
    title = models.CharField(max_length=300)
    about = models.CharField(max_length=200, blank=True)
    event = models.JSONField()
    """The other fields of the draft, as they were checked."""
    rrule = models.CharField(max_length=300)
    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    expires_after = models.PositiveIntegerField(null=True)
    """Seconds after which an occurrence is not sent any more."""
    dedupe_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 (null: many have none)
    body_hash = models.CharField(max_length=64)
    max_recipients = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)

    state = models.CharField(max_length=10, choices=SeriesState, default=SeriesState.ACTIVE)
    latest_at = models.DateTimeField()
    """When the occurrence that was made last is due: then the next is made."""
    latest_wall = models.CharField(max_length=26)
    """The same on the clock of the zone; it may be a time that the zone skipped."""
    number = models.PositiveIntegerField()
    """Of that occurrence, counted by the rule."""
    missed = models.PositiveIntegerField(default=0)
    """How many were never made, because nothing ran when they were due."""
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("series"), _("series")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "dedupe_key"],
                name="tocsin_series_dedupe",
                condition=Q(state=SeriesState.ACTIVE),
            ),
        ]
        indexes = [
            models.Index(
                fields=["latest_at"], name="tocsin_series_due", condition=Q(state=SeriesState.ACTIVE)
            ),
            models.Index(fields=["organization", "-id"], name="tocsin_series_recent"),
            models.Index(
                fields=["organization", "about"], name="tocsin_series_about", condition=~Q(about="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.rrule}"
