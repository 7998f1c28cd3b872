"""Tables of the wording: the template as it is now, and every version it ever had."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.tenants.scope import ScopedManager


class Template(models.Model):
    """How events of a type are worded on a channel, for readers of a language ("" is for all).

    An empty title or body keeps the event's own. A deleted one keeps its place, and its versions.
    """

    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="templates")
    event_type = models.CharField(max_length=100)
    channel = models.CharField(max_length=50)
    locale = models.CharField(max_length=35, blank=True)
    title = models.TextField(blank=True)
    body = models.TextField(blank=True)
    version = models.IntegerField(default=0)
    current = models.BigIntegerField(null=True)
    """The key of the version in force, which deliveries keep."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("template"), _("templates")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "event_type", "channel", "locale"], name="tocsin_template_place"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "organization"],
                name="tocsin_template_used",
                condition=Q(deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"template:{self.pk}@{self.version} {self.event_type} by {self.channel}"


class TemplateVersion(models.Model):
    """A template as it was from one moment on. Written once; `deleted` from there on there was none."""

    id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(Template, models.DO_NOTHING, db_constraint=False, related_name="versions")
    number = models.IntegerField()
    organization = models.ForeignKey(
        "tocsin.Organization", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    title = models.TextField(blank=True)
    body = models.TextField(blank=True)
    deleted = models.BooleanField(default=False)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("version of a template"), _("versions of templates")
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="tocsin_templateversion_number")
        ]

    def __str__(self) -> str:
        return f"template:{self.template_id}@{self.number}"
