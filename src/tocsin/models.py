"""Re-exports the tables of all rooms, so that Django finds them under one app label."""

from tocsin.deliveries.models import Attempt, Budget, Delivery, Pause, Rest
from tocsin.deliveries.wording.models import Template, TemplateVersion
from tocsin.engines.models import Worker
from tocsin.events.declared import DeclaredType
from tocsin.events.models import Event
from tocsin.inbox.models import InboxItem
from tocsin.recipients.models import Destination, Person, Preference
from tocsin.rules.models import Rule, RuleField, RuleKey, RuleVersion
from tocsin.schedule.models import Series
from tocsin.sources.tasks.models import Task, TaskRun
from tocsin.tenants.audit import AuditEntry
from tocsin.tenants.models import ApiToken, Membership, Organization, Project, Team, TeamMember
from tocsin.tenants.rates import RateBucket

__all__ = [
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "Budget",
    "DeclaredType",
    "Delivery",
    "Destination",
    "Event",
    "InboxItem",
    "Membership",
    "Organization",
    "Pause",
    "Person",
    "Preference",
    "Project",
    "RateBucket",
    "Rest",
    "Rule",
    "RuleField",
    "RuleKey",
    "RuleVersion",
    "Series",
    "Task",
    "TaskRun",
    "Team",
    "TeamMember",
    "Template",
    "TemplateVersion",
    "Worker",
]
