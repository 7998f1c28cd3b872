"""The event row: what happened, and how far its planning is."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.events.ids import uuid7
from tocsin.events.states import EventState, Status
from tocsin.levels import Level
from tocsin.tenants.scope import ScopedManager

OF_ALL = Q(fence__gte=0)
"""True of every row, and a condition of the indexes by gravity: only who asks for rows of all organizations says so.

PostgreSQL mostly believes that next to nothing waits, and then takes either index for an organization's share: in
these it would read what all the others have due before it finds it.
"""


class Event(models.Model):
    """Something that happened. Written once by accept; after that only planning and cancel touch it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("tocsin.Organization", models.PROTECT, related_name="+")
    project = models.ForeignKey("tocsin.Project", models.SET_NULL, null=True, blank=True, related_name="+")
    type = models.CharField(max_length=100)
    level = models.SmallIntegerField(choices=[(level.value, level.slug) for level in Level])
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    url = models.TextField(blank=True)
    actions = models.JSONField(default=list)
    actor = models.CharField(max_length=200, blank=True)
    about = models.CharField(max_length=200, blank=True)
    to = models.JSONField(default=list)
    channel = models.CharField(max_length=50, blank=True)
    group_key = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    still_valid = models.JSONField(default=str, blank=True)
    dedupe_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 (null: many have none)
    body_hash = models.CharField(max_length=64)
    max_recipients = models.PositiveIntegerField(null=True)
    series = models.ForeignKey(
        "tocsin.Series",
        models.SET_NULL,
        null=True,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=24, choices=EventState, default=EventState.WAITING)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    priority = models.SmallIntegerField()
    plan_cursor = models.JSONField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)
    trace = models.JSONField(default=dict)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    claims = models.SmallIntegerField(default=0)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        constraints = [
            models.UniqueConstraint(fields=["organization", "dedupe_key"], name="tocsin_event_dedupe"),
        ]
        indexes = [
            models.Index(
                fields=["priority", "due_at", "id"],
                name="tocsin_event_due",
                condition=Q(state=EventState.WAITING) & OF_ALL,
            ),
            models.Index(
                fields=["organization", "priority", "due_at", "id"],
                name="tocsin_event_share",
                condition=Q(state=EventState.WAITING),
            ),
            models.Index(
                fields=["lease_until"], name="tocsin_event_lease", condition=Q(state=EventState.PLANNING)
            ),
            models.Index(fields=["organization", "-id"], name="tocsin_event_recent"),
            models.Index(
                fields=["organization", "group_key", "id"],
                name="tocsin_event_group",
                condition=~Q(group_key=""),
            ),
            models.Index(
                fields=["series", "due_at"], name="tocsin_event_series", condition=Q(series__isnull=False)
            ),
            models.Index(
                fields=["organization", "-id"],
                name="tocsin_event_confirm",
                condition=Q(state=EventState.AWAITING_CONFIRMATION),
            ),
            models.Index(fields=["organization", "about"], name="tocsin_event_about", condition=~Q(about="")),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def acting_user(self) -> str:
        """The user who did it, as `actor` names one; empty where it was somebody or something else."""
        kind, _, value = self.actor.partition(":")
        return value if kind == "user" else ""
