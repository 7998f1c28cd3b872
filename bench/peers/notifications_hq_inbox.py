"""django-notifications-hq: the unread count and a page of one reader's. Arguments: database samples size…"""

import json
import sys
import time

from notifications_hq import configure

CROWD, EACH, PAGE = 1_000, 100, 30


def main() -> None:
    address, samples, sizes = sys.argv[1], int(sys.argv[2]), [int(size) for size in sys.argv[3:]]
    configure(address)
    from django.contrib.auth.models import User

    fill(sizes)
    readers = {size: User.objects.get(username=f"reader{size}") for size in sizes}
    work = {
        "count": lambda reader: reader.notifications.unread().count(),
        "list": lambda reader: list(reader.notifications.unread()[:PAGE]),
    }
    found: dict = {name: {size: [] for size in sizes} for name in work}
    for _ in range(samples):
        for name, does in work.items():
            for size, reader in readers.items():
                start = time.perf_counter()
                does(reader)
                found[name][size].append((time.perf_counter() - start) * 1000)
    print(json.dumps(found))


def fill(sizes: list[int]) -> None:
    """Half of what each has is unread; the rows of all lie mixed."""
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection

    User.objects.bulk_create(User(username=f"crowd{number}", last_name=str(EACH)) for number in range(CROWD))
    User.objects.bulk_create(User(username=f"reader{size}", last_name=str(size)) for size in sizes)
    kind = ContentType.objects.get_for_model(User).pk
    statements = (
        f"""
        INSERT INTO notifications_notification (level, recipient_id, unread, actor_content_type_id, actor_object_id,
            verb, timestamp, public, deleted, emailed)
        SELECT 'info', u.id, n % 2 = 1, {kind}, '1', '1,201 of 1,204 invoices are paid',
               now() - n * interval '1 second', true, false, false
        FROM auth_user u JOIN generate_series(1, {max(sizes)}) AS n ON n <= CAST(u.last_name AS integer)
        WHERE u.last_name <> '' ORDER BY random()
        """,
        "VACUUM ANALYZE",
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


main()
