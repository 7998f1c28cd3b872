"""django-notifications-hq: `notify.send` to a group, with and without atomic(). Arguments: database count rounds."""

import json
import sys
import time
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.signals import connection_created


def configure(address: str, **more: object) -> None:
    url = urlsplit(address)
    if url.scheme == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path}
        connection_created.connect(lambda connection, **_: durable(connection), weak=False)
    else:
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
                    "HOST": url.hostname, "PORT": url.port}  # fmt: skip
    settings.configure(
        SECRET_KEY="nobody trusts it",
        USE_TZ=True,
        DATABASES={"default": database},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.staticfiles",
                        "notifications"],
        **more,
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)


def durable(connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")


def main() -> None:
    address, count, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    configure(address)
    from django.contrib.auth.models import Group, User
    from notifications.models import Notification
    from notifications.signals import notify

    group = Group.objects.create(name="everyone")
    User.objects.bulk_create([User(username=f"u{number}") for number in range(count)], 5000)
    group.user_set.set(User.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    def send() -> None:
        notify.send(User.objects.first(), recipient=group, verb="1,201 of 1,204 invoices are paid")

    def send_in_one_transaction() -> None:
        with transaction.atomic():
            send()

    rates: dict = {"each": [], "atomic": []}
    for _ in range(rounds):
        for name, work in (("each", send), ("atomic", send_in_one_transaction)):
            Notification.objects.all().delete()
            start = time.perf_counter()
            work()
            rates[name].append(count / (time.perf_counter() - start))
            assert Notification.objects.count() == count
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
