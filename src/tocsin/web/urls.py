"""The pages. In a host they live under the prefix of its `include("tocsin.urls")`."""

from __future__ import annotations

from django.urls import path

from tocsin.web import inbox, ledger, unsubscribe

app_name = "tocsin"
urlpatterns = [
    path("", inbox.home, name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/change/", inbox.change, name="inbox-change"),
    path("events/", ledger.events, name="events"),
    path("events/<uuid:event_id>/", ledger.event, name="event"),
    path("events/<uuid:event_id>/cancel/", ledger.cancel, name="event-cancel"),
    path("events/<uuid:event_id>/confirm/", ledger.confirm, name="event-confirm"),
    path("unsubscribe/<str:token>/", unsubscribe.page, name="unsubscribe"),
    path("deliveries/", ledger.deliveries, name="deliveries"),
    path("deliveries/replay/", ledger.replay, name="replay"),
]
