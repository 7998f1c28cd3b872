"""The heartbeat: which processes are doing the work right now."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A process that runs the pool. Its row is refreshed by its minder and removed at an orderly end."""

    name = models.CharField(max_length=200, unique=True)
    engine = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("worker"), _("workers")

    def __str__(self) -> str:
        return self.name
