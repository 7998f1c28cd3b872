"""Tables of the rules: the rule as it is now, every version it ever had, and the index that finds it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tocsin.levels import Level
from tocsin.tenants.scope import ScopedManager


class Rule(models.Model):
    """When events like these happen, tell those, so. Of an organization, or of one of its people (`user`)."""

    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="rules")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=100)
    projects = models.JSONField(default=list)
    event_types = models.JSONField(default=list)
    level = models.SmallIntegerField(choices=[(level.value, level.slug) for level in Level])
    condition = models.JSONField(null=True, blank=True)
    hours = models.JSONField(null=True, blank=True)
    to = models.JSONField(default=list)
    channels = models.JSONField(default=list)
    destinations = models.JSONField(default=list)
    service = models.CharField(max_length=50, blank=True)
    target = models.CharField(max_length=50, blank=True)
    target_identifier = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    stop = models.BooleanField(default=False)
    position = models.IntegerField(default=0)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("rule"), _("rules")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="tocsin_rule_org_name",
                condition=Q(user__isnull=True, deleted_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["organization", "user", "name"],
                name="tocsin_rule_user_name",
                condition=Q(user__isnull=False, deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"rule:{self.pk}@{self.version} {self.name}"


class RuleVersion(models.Model):
    """A rule as it was from one moment on. Written once; kept when the rule is gone, for `explain` and undo."""

    rule = models.ForeignKey(Rule, models.DO_NOTHING, db_constraint=False, related_name="versions")
    number = models.IntegerField()
    organization = models.ForeignKey(
        "tocsin.Organization", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    spec = models.JSONField()
    action = models.CharField(max_length=10)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("version of a rule"), _("versions of rules")
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="tocsin_ruleversion_number")]

    def __str__(self) -> str:
        return f"rule:{self.rule_id}@{self.number} {self.action}"


class RuleKey(models.Model):
    """An entry of the index: an event that does not have one of a rule's keys cannot match it."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="keys")
    key = models.CharField(max_length=32)

    class Meta:
        verbose_name, verbose_name_plural = _("key of a rule"), _("keys of rules")
        indexes = [models.Index(fields=["key", "rule"], name="tocsin_rulekey_key")]

    def __str__(self) -> str:
        return f"{self.key} → rule:{self.rule_id}"


class RuleField(models.Model):
    """What the keys of an organization's rules on a pattern of types are made of: the fields to look up."""

    organization = models.ForeignKey("tocsin.Organization", models.CASCADE, related_name="+")
    pattern = models.CharField(max_length=102)
    field = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20)

    class Meta:
        verbose_name, verbose_name_plural = _("field of rules"), _("fields of rules")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "pattern", "field", "kind"], name="tocsin_rulefield_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pattern}: {self.field or 'any'} ({self.kind})"
