"""Tables of the tenancy. A host without tenants has the implicit organization and never sees it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.tenants.scope import ScopedManager

IMPLICIT = "default"


class Role(models.TextChoices):
    """What a member may do; each role may do what the ones below it may."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    MANAGER = "manager", _("Manager")
    MEMBER = "member", _("Member")


class Organization(models.Model):
    """A tenant. Its zone and locale stand in for those a person has not set."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = _("organization"), _("organizations")

    def __str__(self) -> str:
        return self.slug


class Project(models.Model):
    """A part of an organization that events and rules may be bound to."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="projects")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=200)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("project"), _("projects")
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="tocsin_project_slug"),
        ]

    def __str__(self) -> str:
        return f"{self.organization.slug}/{self.slug}"


class Membership(models.Model):
    """A user in an organization, with a role and the one who looks after the account."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("membership"), _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="tocsin_membership_user"),
        ]
        indexes = [models.Index(fields=["organization", "role"], name="tocsin_membership_role")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}: {self.role}"


class Team(models.Model):
    """People of one organization who are told together."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="teams")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=200)
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("team"), _("teams")
        constraints = [
            models.UniqueConstraint(fields=["organization", "slug"], name="tocsin_team_slug"),
        ]

    def __str__(self) -> str:
        return f"{self.organization.slug}/{self.slug}"


class TeamMember(models.Model):
    """A user in a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        verbose_name, verbose_name_plural = _("member of a team"), _("members of teams")
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="tocsin_teammember_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class ApiToken(models.Model):
    """A bearer token; only a digest of it is kept. An operator token acts for every organization."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    is_operator = models.BooleanField(default=False)
    max_recipients = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name, verbose_name_plural = _("token"), _("tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
