"""Tasks that are known by name, and each time that one of them ran."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.events.ids import uuid7
from tocsin.tenants.scope import ScopedManager


class Status(models.TextChoices):
    """How a run ended. The words of the levels that people are told at."""

    OK = "ok", _("ok")
    WARNINGS = "warnings", _("warnings")
    ERRORS = "errors", _("errors")
    FAILED = "failed", _("failed")


class Task(models.Model):
    """Something that runs again and again under one name."""

    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    every_seconds = models.PositiveIntegerField(null=True)
    """How often it should run; null where nobody said so."""
    grace_seconds = models.PositiveIntegerField(default=0)
    last_status = models.CharField(max_length=10, choices=Status, blank=True)
    last_finished_at = models.DateTimeField(null=True)
    expected_by = models.DateTimeField(null=True)
    """When it should have run again, with its grace; null where that is not expected, or was told already."""
    missed_at = models.DateTimeField(null=True)
    """Since when it is missing."""

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("task"), _("tasks")
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="tocsin_task_name")]
        indexes = [
            models.Index(
                fields=["expected_by"], name="tocsin_task_expected", condition=Q(expected_by__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name


class TaskRun(models.Model):
    """One run of a task. Its key is made where it runs, so that a report that is sent twice is there once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="+")
    task = models.ForeignKey(Task, models.CASCADE, related_name="runs")
    event_id = models.UUIDField(null=True)
    host = models.CharField(max_length=200)
    command = models.CharField(max_length=200, blank=True)
    """The program, without its arguments: they may hold secrets."""
    status = models.CharField(max_length=10, choices=Status)
    problem = models.CharField(max_length=500, blank=True)
    """Why it failed, in words."""
    exit_code = models.IntegerField(null=True)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    log = models.BinaryField()
    """What is kept of its output, compressed by zlib."""
    log_bytes = models.BigIntegerField(default=0)
    """Of all its output."""

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("run of a task"), _("runs of tasks")
        indexes = [
            models.Index(fields=["organization", "-id"], name="tocsin_run_recent"),
            models.Index(fields=["finished_at"], name="tocsin_run_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.status}"
