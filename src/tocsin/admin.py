"""Django's admin, which finds this module where it is installed; nothing else imports it. Every table is here."""

from __future__ import annotations

from django.contrib import admin

from tocsin import models
from tocsin.web.admin import (
    audit,
    deliveries,
    destinations,
    events,
    people,
    rules,
    running,
    tenants,
    tokens,
    wording,
)

PAGES = {
    models.Organization: tenants.OrganizationAdmin,
    models.Project: tenants.ProjectAdmin,
    models.Team: tenants.TeamAdmin,
    models.TeamMember: tenants.TeamMemberAdmin,
    models.Membership: tenants.MembershipAdmin,
    models.ApiToken: tokens.TokenAdmin,
    models.AuditEntry: audit.AuditAdmin,
    models.Event: events.EventAdmin,
    models.Series: running.SeriesAdmin,
    models.Delivery: deliveries.DeliveryAdmin,
    models.Attempt: deliveries.AttemptAdmin,
    models.InboxItem: deliveries.InboxItemAdmin,
    models.Destination: destinations.DestinationAdmin,
    models.Person: people.PersonAdmin,
    models.Preference: people.PreferenceAdmin,
    models.DeclaredType: wording.DeclaredTypeAdmin,
    models.Template: wording.TemplateAdmin,
    models.TemplateVersion: wording.TemplateVersionAdmin,
    models.Rule: rules.RuleAdmin,
    models.RuleVersion: rules.RuleVersionAdmin,
    models.RuleKey: rules.RuleKeyAdmin,
    models.RuleField: rules.RuleFieldAdmin,
    models.Task: running.TaskAdmin,
    models.TaskRun: running.TaskRunAdmin,
    models.Pause: running.PauseAdmin,
    models.Rest: running.RestAdmin,
    models.Budget: running.BudgetAdmin,
    models.Worker: running.WorkerAdmin,
    models.RateBucket: running.RateBucketAdmin,
}

for model, page in PAGES.items():
    admin.site.register(model, page)
