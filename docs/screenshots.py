"""Makes docs/images/*.png from the running thing: `python docs/screenshots.py [FOLDER]` from the root of the project.

Starts a server with a database of its own and a mail catcher, tells a few people a few things, and photographs the
pages with Debian's chromium.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.browser.chromium import chromium  # noqa: E402 (needs the path)
from tests.postgres import free_port  # noqa: E402
from tests.servers.smtp_catcher import SmtpCatcher  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME, PASSWORD = "ana", "a-password-for-pictures"
WIDTH, INBOX_HEIGHT, LEDGER_HEIGHT = 1120, 800, 1000


def main(folder: Path) -> None:
    """Make all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    refuse = {"cleo@example.org": "550 5.1.1 there is nobody of that name"}
    with tempfile.TemporaryDirectory() as home, SmtpCatcher(rcpt=refuse.get) as mail:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings",
            "TOCSIN_HOME": home,
            "TOCSIN_EMAIL_URL": f"smtp://{mail.host}:{mail.port}",
            "TOCSIN_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
            "TOCSIN_ENGINE": "worker",  # nothing moves but by hand, at the hour that is pretended
            "PYTHONPATH": str(ROOT / "src"),
        }
        event, rule = fill()
        from tocsin.engines import heartbeat

        heartbeat.beat("worker")  # as if somebody did the work
        places = {"ledger": f"events/{event}", "rule": f"desk/default/rules/{rule}"}
        with serving() as site, chromium() as browser:
            photograph(browser, site, places, folder)


def fill() -> tuple[str, int]:
    """People and what they were told; the id of the event whose story is shown, and that of a rule."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    people = get_user_model().objects
    group = Group.objects.create(name="ops")
    people.create_superuser(NAME, f"{NAME}@example.org", PASSWORD).groups.add(group)
    for name in ("bo", "cleo", "dan", "eve"):
        person = people.create_user(name, f"{name}@example.org")
        person.groups.add(group)
    people.filter(username="eve").update(is_active=False)
    people.filter(username="dan").update(email="")
    rule = ruled()
    return tell(), rule


def ruled() -> int:
    """A rule whose form is shown; its id."""
    from tocsin.recipients.destinations import add_destination
    from tocsin.rules.save import save
    from tocsin.rules.spec import Place
    from tocsin.tenants.organizations import implicit

    home = implicit()
    add_destination(home, "email", {"email_address": "board@example.com"}, label="The board")
    worse = {"any": [{"field": "data.host", "op": "in", "value": ["db1", "db2"]},
                     {"field": "title", "op": "contains", "value": "disk"}]}  # fmt: skip
    condition = {"all": [{"field": "about", "op": "starts_with", "value": "host/"}, worse]}
    content = {"name": "Trouble with a database", "event_types": ["task:*"], "level": "error", "to": ["group:ops"],
               "channels": ["email"], "condition": condition}  # fmt: skip
    return save(content, Place(home.pk), NAME).pk


def tell() -> str:
    """The events of a busy morning."""
    from django.contrib.auth import get_user_model

    import tocsin
    from tocsin import clock
    from tocsin.inbox.queries import mark_all_read
    from tocsin.recipients.destinations import add_destination
    from tocsin.tenants.organizations import implicit
    from tocsin.testing import deliver_now

    hook = add_destination(
        implicit(), "webhook", {"url": f"http://127.0.0.1:{free_port()}/chat"}, label="Chat"
    )
    hours = timedelta(hours=1)
    said: list[tuple[float, dict[str, Any]]] = [
        (26, {"type": "message:internal", "title": "Lunch is at the new place by the river", "to": ["user:ana"],
              "actor": "bo", "body": "At **noon**. I booked for six."}),
        (9, {"type": "task:finished", "title": "Nightly backup finished with warnings", "level": "warning",
             "channel": "message", "to": ["group:ops"],
             "body": "2 of 312 files could not be read:\n\n- `/srv/mail/queue.db`\n- `/srv/mail/queue.db-wal`"}),
        (5, {"type": "message:system", "title": "Quarterly report is ready",
             "body": "Forty pages, one chart that matters.", "to": ["group:ops", "email:board@example.com"]}),
        (2, {"type": "task:finished", "title": "Import of customers failed", "level": "error", "channel": "message",
             "to": ["group:ops"], "body": "It stopped at line **1,204** of 9,800. Nothing was written.",
             "actions": [{"label": "See the log", "url": "https://example.org/imports/7"}]}),
        (0.6, {"type": "drill", "title": "Drill: is anybody there?", "to": [f"destination:{hook.pk}", "user:bo"]}),
        (0.3, {"type": "message:system", "title": "The site is read-only on Sunday from 22:00", "level": "warning",
               "channel": "header_message", "to": ["user:ana"], "body": "For about an hour. Drafts are kept."}),
        (0.1, {"type": "task:finished", "title": "Disk of db1 is full", "level": "critical", "channel": "message",
               "to": ["group:ops"], "about": "host/db1", "data": {"host": "db1"},
               "body": "`/var/lib/postgresql` is at 100 %. Writes fail.",
               "actions": [{"label": "Runbook", "url": "https://example.org/runbooks/disk"}]}),
        (0, {"type": "message:internal", "title": "Invoice 42 is paid", "to": ["user:ana"], "actor": "cleo",
             "body": "**1 200 €**, a week early. See the [invoice](https://example.org/invoices/42)."}),
    ]  # fmt: skip
    wish()
    shown = ""
    reader = get_user_model().objects.get(username=NAME)
    now = clock.now()
    for ago, fields in said:
        with clock.frozen(now - ago * hours):
            accepted = tocsin.notify(fields.pop("type"), **fields)
            deliver_now()
        if ago > 4:
            mark_all_read(reader)
        if "report" in fields["title"]:
            shown = str(accepted.id)
    return shown


def wish() -> None:
    """What ana wants, what waits for her, and what comes again."""
    from django.contrib.auth import get_user_model

    import tocsin
    from tocsin import clock, pipeline
    from tocsin.schedule.windows import DAYS

    ana = get_user_model().objects.get(username=NAME)
    night = {"quiet": [{"days": list(DAYS[:5]), "from": "20:00", "to": "07:30"},
                       {"days": list(DAYS[5:]), "from": "00:00", "to": "24:00"}]}  # fmt: skip
    pipeline.change_hours(
        ana.pk, {"time_zone": "Europe/Oslo", "windows": [{"hours": night, "channels": ["email"]}]}
    )
    tocsin.repeat("message:internal", rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0",
                  title="Stand-up in ten minutes", to=["group:ops"], time_zone="Europe/Oslo")  # fmt: skip
    tocsin.notify("message:system", title="The certificate of shop.example.org ends in a week", level="warning",
                  to=["group:ops"], due_at=clock.now() + timedelta(days=20), about="host/shop")  # fmt: skip


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The server in a process of its own; its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tocsin.server.asgi:application", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    site = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{site}/healthz", timeout=5).close()  # noqa: S310
                break
            time.sleep(0.1)
        yield site
    finally:
        process.terminate()
        process.wait(30)


def photograph(browser: Any, site: str, places: dict[str, str], folder: Path) -> None:
    """The inbox, the ledger and the story of one event in it, a rule at the desk, and one's own settings."""
    context = browser.new_context(
        color_scheme="light",
        locale="en-GB",
        viewport={"width": WIDTH, "height": INBOX_HEIGHT},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(site)
    page.fill("#id_username", NAME)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator("tocsin-inbox .badge:not(:empty)").wait_for()
    page.locator("tocsin-inbox .banner").wait_for()
    page.screenshot(path=folder / "inbox.png")
    page.set_viewport_size({"width": WIDTH, "height": LEDGER_HEIGHT})
    for name in ("ledger", "rule", "overview", "hours", "preferences"):
        page.goto(f"{site}/{places.get(name, name)}/")
        page.locator("tocsin-inbox .badge:not(:empty)").wait_for()
        page.screenshot(path=folder / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
