"""Tables of the ledger: the delivery, its attempts, and the channels that are paused.

Delivery and Attempt carry no foreign-key constraints (they cost 2.5 times the insert) and are written in
sets; labels are copied, so that history stays readable when a user or a destination is gone.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.channels.outcomes import Cause
from tocsin.deliveries.states import ON_THE_WAY, READY, AttemptOutcome, Reason, State
from tocsin.events.models import OF_ALL
from tocsin.tenants.scope import ScopedManager


class Delivery(models.Model):
    """One event to one destination. Its state is written by `claim.py` and `record.py` and nothing else."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "tocsin.Organization", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    event = models.ForeignKey(
        "tocsin.Event", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    channel = models.CharField(max_length=50)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    destination = models.ForeignKey(
        "tocsin.Destination",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    destination_ref = models.CharField(max_length=200, blank=True, default="")
    label = models.CharField(max_length=200, blank=True, default="")
    address = models.TextField(blank=True, default="")
    identity = models.CharField(max_length=320)
    turn = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    reason = models.CharField(max_length=24, choices=Reason, blank=True, default="")
    due_at = models.DateTimeField()
    priority = models.SmallIntegerField()
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    claims = models.SmallIntegerField(default=0)
    attempt = models.SmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    group_key = models.CharField(max_length=200, blank=True, default="")
    merged_into = models.BigIntegerField(null=True)
    locale = models.CharField(max_length=35, blank=True, default="")
    rule_version = models.BigIntegerField(null=True)
    layer = models.CharField(max_length=40, blank=True, default="")
    provider_id = models.CharField(max_length=200, blank=True, default="")
    template_version = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "channel", "identity", "turn"], name="tocsin_delivery_identity"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "priority", "due_at", "id"],
                name="tocsin_delivery_due",
                condition=Q(state__in=READY) & OF_ALL,
            ),
            models.Index(
                fields=["channel", "organization", "priority", "due_at", "id"],
                name="tocsin_delivery_share",
                condition=Q(state__in=READY),
            ),
            models.Index(
                fields=["lease_until"], name="tocsin_delivery_lease", condition=Q(state=State.SENDING)
            ),
            models.Index(
                fields=["organization", "-id"], name="tocsin_delivery_dead", condition=Q(state=State.DEAD)
            ),
            models.Index(
                fields=["channel", "group_key", "identity", "-id"],
                name="tocsin_delivery_group",
                condition=Q(provider_id__gt="", group_key__gt=""),
            ),
            models.Index(
                fields=["channel", "group_key", "identity", "id"],
                name="tocsin_delivery_turn",
                condition=Q(state__in=ON_THE_WAY, group_key__gt=""),
            ),
            models.Index(
                fields=["channel", "identity"],
                name="tocsin_delivery_put_off",
                condition=Q(state=State.DEFERRED),
            ),
            models.Index(
                fields=["merged_into"], name="tocsin_delivery_merged", condition=Q(state=State.MERGED)
            ),
            models.Index(
                fields=["user", "-id"], name="tocsin_delivery_user", condition=Q(user__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"d{self.pk} {self.channel} {self.state}"


class Attempt(models.Model):
    """One try of one delivery, written with its outcome."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, models.DO_NOTHING, db_constraint=False, related_name="attempts")
    number = models.SmallIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=AttemptOutcome)
    cause = models.CharField(max_length=24, choices=Cause, blank=True, default="")
    detail = models.CharField(max_length=500, blank=True, default="")
    provider_id = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name, verbose_name_plural = _("attempt"), _("attempts")

    def __str__(self) -> str:
        return f"d{self.delivery_id} #{self.number}: {self.outcome}"


class Rest(models.Model):
    """A far side that all workers leave alone for a while: a host that fails, or an account that asked for it."""

    origin = models.CharField(max_length=300)
    account = models.CharField(max_length=320, blank=True, default="")
    """Whose limit it is, as a digest or an identity; empty for a circuit."""
    is_circuit = models.BooleanField()
    """Whether it failed again and again; False: it asked for quiet."""
    until = models.DateTimeField(db_index=True)
    backoff_seconds = models.FloatField(default=0.0)
    """How long a circuit's rest was."""
    targets = models.JSONField(default=list)
    """Digests of the addresses that fail; empty for the whole host."""
    probe_until = models.DateTimeField(null=True)
    """Until when one worker has the right to ask whether it is well again."""

    class Meta:
        verbose_name, verbose_name_plural = _("rest"), _("rests")
        constraints = [
            models.UniqueConstraint(fields=["origin", "account", "is_circuit"], name="tocsin_rest_key"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} until {self.until:%H:%M:%S}"


class Budget(models.Model):
    """What is left of what all workers together may send on a channel, or to a host, and who waits for more."""

    key = models.CharField(max_length=300, primary_key=True)
    tokens = models.FloatField()
    line = models.JSONField(default=dict)
    """Where the lines of those who wait end, in seconds from `at`: by organization and priority."""
    held = models.JSONField(default=dict)
    """Who has a place at a host: fences by delivery. A place is free again when that delivery has ended."""
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("budget"), _("budgets")

    def __str__(self) -> str:
        return self.key


class Pause(models.Model):
    """A channel that an operator has stopped; the empty name stops all of them."""

    channel = models.CharField(max_length=50, unique=True, blank=True)
    since = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("pause"), _("pauses")

    def __str__(self) -> str:
        return self.channel or "all channels"
