"""Who changed what: an append-only log of each organization's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin import clock
from tocsin.tenants.scope import ScopedManager

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        verbose_name, verbose_name_plural = _("audit entry"), _("audit log")
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
    changed = differing(before, after).keys() | before.keys() - after.keys()
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


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The fields that are not the same in two bodies: what each is and what it becomes."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if name not in before or _told_apart(before[name]) != _told_apart(value)
    }


def _told_apart(value: Any) -> Any:
    """To Python 1 and true are equal; to a condition they are not."""
    if isinstance(value, dict):
        return {name: _told_apart(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_told_apart(inner) for inner in value]
    return (isinstance(value, bool), value)
