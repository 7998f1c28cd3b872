"""argus-server: `find_destinations_for_event` of one event. Arguments: database, events, rounds, profiles …"""

import json
import os
import sys
import time
from urllib.parse import urlsplit

MATCHING = 10
"""Profiles whose filter the incident fits, where there are as many."""


def configure(address: str) -> None:
    os.environ.update(
        DATABASE_URL=address,
        SECRET_KEY="nobody trusts it",
        DJANGO_SETTINGS_MODULE="argus.site.settings.test_CI",
    )
    import logging

    import django
    from django.conf import settings
    from django.core.management import call_command

    url = urlsplit(address)
    settings.DATABASES = {
        "default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
                    "HOST": url.hostname, "PORT": url.port, "ATOMIC_REQUESTS": False},
    }  # fmt: skip
    settings.DEBUG = False
    settings.MEDIA_PLUGINS = ["argus.notificationprofile.media.email.EmailNotification"]
    django.setup()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)


def make_event():
    from argus.incident.models import Event, Incident, SourceSystem, SourceSystemType
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    user = get_user_model().objects.create_user("source")
    kind = SourceSystemType.objects.create(name="bench")
    source = SourceSystem.objects.create(name="bench", type=kind, user=user)
    incident = Incident.objects.create(
        start_time=timezone.now(),
        source=source,
        source_incident_id="1",
        description="the disk is full",
        level=1,
    )
    return Event.objects.create(
        incident=incident, actor=user, timestamp=timezone.now(), type=Event.Type.INCIDENT_START
    )


def make_profiles(count: int, source: int) -> None:
    from argus.notificationprofile.models import (
        DestinationConfig,
        Filter,
        Media,
        NotificationProfile,
        Timeslot,
    )
    from django.contrib.auth import get_user_model

    media, _ = Media.objects.get_or_create(slug="email", defaults={"name": "Email"})
    for number in range(NotificationProfile.objects.count(), count):
        user = get_user_model().objects.create_user(f"u{number}")
        fits = Filter.objects.create(
            user=user, name="f", filter={"sourceSystemIds": [source if number < MATCHING else source + 1]}
        )
        slot = Timeslot.objects.create(user=user, name="always")
        slot.time_recurrences.create(days=[1, 2, 3, 4, 5, 6, 7], start="00:00", end="23:59:59.999999")
        profile = NotificationProfile.objects.create(user=user, timeslot=slot, name="p")
        profile.filters.add(fits)
        profile.destinations.add(
            DestinationConfig.objects.create(
                user=user, media=media, settings={"email_address": f"u{number}@x.org"}
            )
        )


def counting(queries):
    def execute_one(execute, *given):
        queries.append(given[0])
        return execute(*given)

    return execute_one


def main() -> None:
    address, events, rounds, *counts = sys.argv[1], *map(int, sys.argv[2:])
    configure(address)
    from argus.notificationprofile.media import find_destinations_for_event
    from django.db import connection

    event = make_event()
    found = {}
    for count in counts:
        make_profiles(count, event.incident.source_id)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        queries = []

        with connection.execute_wrapper(counting(queries)):
            destinations = find_destinations_for_event(event)
        assert destinations, "no profile fits"
        rates = []
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(events):
                find_destinations_for_event(event)
            rates.append(events / (time.perf_counter() - start))
        found[str(count)] = {"rates": rates, "queries": len(queries), "destinations": len(destinations)}
    print(json.dumps(found))


main()
