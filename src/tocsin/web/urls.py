"""The pages. In a host they live under the prefix of its `include("tocsin.urls")`."""

from __future__ import annotations

from django.urls import include, path

from tocsin.web import inbox, push, tasks, unsubscribe
from tocsin.web.desk import (
    audit,
    destinations,
    frame,
    people,
    rules,
    teams,
    template_edit,
    templates,
    tokens,
    types,
)
from tocsin.web.ledger import deliveries, event, events, overview
from tocsin.web.mine import destinations as mine
from tocsin.web.mine import hours, pending, preferences
from tocsin.web.mine import rules as my_rules

app_name = "tocsin"
TEMPLATE = "templates/<str:event_type>/<slug:channel>/<slug:locale>/"
desk = [
    path("rules/", rules.listed, name="desk-rules"),
    path("rules/add/", rules.edit, name="desk-rule-add"),
    path("rules/<int:number>/", rules.edit, name="desk-rule"),
    path("rules/<int:number>/do/", rules.act, name="desk-rule-act"),
    path("destinations/", destinations.destinations, name="desk-destinations"),
    path("destinations/add/", destinations.add, name="desk-destination-add"),
    path("destinations/<str:key>/", destinations.destination, name="desk-destination"),
    path("destinations/<str:key>/do/", destinations.act, name="desk-destination-act"),
    path("types/", types.listed, name="desk-types"),
    path("types/new/", types.make, name="desk-type-make"),
    path("types/own/<str:key>/", types.change, name="desk-type"),
    path("types/own/<str:key>/delete/", types.delete, name="desk-type-delete"),
    path("templates/", templates.listed, name="desk-templates"),
    path("templates/picture/", templates.picture, name="desk-template-picture"),
    path(TEMPLATE, template_edit.edit, name="desk-template"),
    path(f"{TEMPLATE}delete/", templates.delete, name="desk-template-delete"),
    path(f"{TEMPLATE}restore/", templates.restore, name="desk-template-restore"),
    path("people/", people.listed, name="desk-people"),
    path("people/<str:user>/", people.person, name="desk-person"),
    path("people/<str:user>/remove/", people.remove, name="desk-person-remove"),
    path("teams/", teams.listed, name="desk-teams"),
    path("teams/<slug:slug>/", teams.team, name="desk-team"),
    path("teams/<slug:slug>/leave/", teams.leave, name="desk-team-leave"),
    path("teams/<slug:slug>/delete/", teams.delete, name="desk-team-delete"),
    path("projects/", teams.projects, name="desk-projects"),
    path("projects/<slug:slug>/delete/", teams.delete_project, name="desk-project-delete"),
    path("tokens/", tokens.listed, name="desk-tokens"),
    path("tokens/new/", tokens.make, name="desk-token-make"),
    path("tokens/<slug:prefix>/revoke/", tokens.revoke, name="desk-token-revoke"),
    path("audit/", audit.listed, name="desk-audit"),
]
urlpatterns = [
    path("", inbox.home, name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/change/", inbox.change, name="inbox-change"),
    path("worker.js", push.worker, name="worker"),
    path("push/", push.push, name="push"),
    path("push/over/", push.finished, name="push-over"),
    path("push/clicked/", push.clicked, name="push-clicked"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("hours/", hours.hours, name="hours"),
    path("destinations/", mine.destinations, name="destinations"),
    path("destinations/add/", mine.add, name="destination-add"),
    path("destinations/<str:key>/", mine.destination, name="destination"),
    path("destinations/<str:key>/do/", mine.act, name="destination-act"),
    path("rules/", my_rules.listed, name="rules"),
    path("rules/add/", my_rules.edit, name="rule-add"),
    path("rules/<int:number>/", my_rules.edit, name="rule"),
    path("rules/<int:number>/do/", my_rules.act, name="rule-act"),
    path("pending/", pending.pending, name="pending"),
    path("pending/cancel/", pending.cancel, name="pending-cancel"),
    path("series/<int:series_id>/cancel/", pending.cancel_series, name="series-cancel"),
    path("overview/", overview.overview, name="overview"),
    path("overview/pause/", overview.pause, name="pause"),
    path("events/", events.events, name="events"),
    path("events/cancel/", events.cancel_many, name="events-cancel"),
    path("events/<uuid:event_id>/", event.event, name="event"),
    path("events/<uuid:event_id>/people/", event.people, name="event-people"),
    path("events/<uuid:event_id>/cancel/", event.cancel, name="event-cancel"),
    path("events/<uuid:event_id>/confirm/", event.confirm, name="event-confirm"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<uuid:run_id>/", tasks.run, name="task-run"),
    path("desk/", frame.home, name="desk"),
    path("desk/<slug:organization>/", include(desk)),
    path("unsubscribe/<str:token>/", unsubscribe.page, name="unsubscribe"),
    path("deliveries/", deliveries.deliveries, name="deliveries"),
    path("deliveries/replay/", deliveries.replay, name="replay"),
]
