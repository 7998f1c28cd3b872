"""The inbox row: it is the record of an in-app delivery, and it carries what the reader did with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.inbox.newest import Place
from tocsin.tenants.scope import ScopedManager

if TYPE_CHECKING:
    from datetime import datetime


def awake(now: datetime) -> Q:
    """Items that are not snoozed at this moment."""
    return Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now)


class InboxItem(models.Model):
    """One event in one person's inbox, by one of the in-app channels."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "tocsin.Organization", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    event = models.ForeignKey(
        "tocsin.Event", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    channel = models.CharField(max_length=50)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    delivery = models.ForeignKey(
        "tocsin.Delivery",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    layer = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("inbox item"), _("inbox items")
        constraints = [
            models.UniqueConstraint(fields=["event", "channel", "user"], name="tocsin_inboxitem_once"),
        ]
        # Each view of an inbox has an index with nothing in it but what it shows: else a reader who has put away a
        # million items waits until all of them were looked at for the next one.
        indexes = [
            models.Index(fields=["user", "-id"], name="tocsin_inboxitem_recent"),
            models.Index(
                "user", Place("id"), name="tocsin_inboxitem_open", condition=Q(dismissed_at__isnull=True)
            ),
            models.Index(
                "user",
                "channel",
                Place("id"),
                name="tocsin_inboxitem_unread",
                condition=Q(read_at__isnull=True, dismissed_at__isnull=True),
            ),
            models.Index(
                "user",
                Place("id"),
                name="tocsin_inboxitem_snoozed",
                condition=Q(snoozed_until__isnull=False, dismissed_at__isnull=True),
            ),
            models.Index(
                "user", Place("id"), name="tocsin_inboxitem_away", condition=Q(dismissed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"i{self.pk}"
