"""Who changed what: an append-only log of each organization's settings."""

from __future__ import annotations

from typing import Any

from django.db import models

from tocsin import clock
from tocsin.tenants.scope import ScopedManager


class AuditEntry(models.Model):
    """One change. `before` and `after` hold what differs, and never a secret."""

    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=100)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="tocsin_audit_recent"),
            models.Index(fields=["organization", "subject", "-id"], name="tocsin_audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.by}: {self.action} {self.subject}"


def note(
    organization: int, by: str, action: str, subject: str, *, before: dict[str, Any], after: dict[str, Any]
) -> AuditEntry:
    """Write down a change, in the transaction of the change itself; only what differs is kept."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    entry: AuditEntry = AuditEntry.objects.create(
        organization_id=organization,
        at=clock.now(),
        by=by[:200],
        action=action,
        subject=subject,
        before={name: value for name, value in before.items() if name in changed},
        after={name: value for name, value in after.items() if name in changed},
    )
    return entry
