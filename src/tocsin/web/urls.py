"""The pages. In a host they live under the prefix of its `include("tocsin.urls")`."""

from __future__ import annotations

from django.urls import path

from tocsin.web import hours, inbox, ledger, pending, preferences, tasks, unsubscribe

app_name = "tocsin"
urlpatterns = [
    path("", inbox.home, name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/change/", inbox.change, name="inbox-change"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("hours/", hours.hours, name="hours"),
    path("pending/", pending.pending, name="pending"),
    path("pending/cancel/", pending.cancel, name="pending-cancel"),
    path("series/<int:series_id>/cancel/", pending.cancel_series, name="series-cancel"),
    path("events/", ledger.events, name="events"),
    path("events/<uuid:event_id>/", ledger.event, name="event"),
    path("events/<uuid:event_id>/cancel/", ledger.cancel, name="event-cancel"),
    path("events/<uuid:event_id>/confirm/", ledger.confirm, name="event-confirm"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<uuid:run_id>/", tasks.run, name="task-run"),
    path("unsubscribe/<str:token>/", unsubscribe.page, name="unsubscribe"),
    path("deliveries/", ledger.deliveries, name="deliveries"),
    path("deliveries/replay/", ledger.replay, name="replay"),
]
