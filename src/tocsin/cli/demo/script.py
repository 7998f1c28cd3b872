"""What happens in the demo: events by Python, by HTTP and by the command line, and where each must end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

import tocsin
from tocsin import to
from tocsin.events.models import Event

if TYPE_CHECKING:
    from tocsin.cli.demo.cast import Cast
    from tocsin.cli.demo.stage import Stage

REACHED, SKIPPED, RETRYING, NOTHING = "reached", "skipped", "retrying", "nothing"
LATER_SECONDS = 3
CLI_SECONDS = 30
HTTP_SECONDS = 10
NEVER = "This never happened"


@dataclass(frozen=True, slots=True)
class End:
    """Where one delivery must end: on this channel, for this person or address, in this way."""

    channel: str
    who: str
    how: str = REACHED
    reason: str = ""


@dataclass(slots=True)
class Scene:
    """One event: the door it came in by, its title, and its ends. `id` is known when it was accepted."""

    door: str
    title: str
    ends: tuple[End, ...]
    note: str = ""
    id: uuid.UUID | None = None
    created: list[bool] = field(default_factory=list)


def scenes() -> dict[str, Scene]:
    """All of it, in the order in which it is sent."""
    return {
        "coffee": Scene("CLI", "Coffee is ready", _each("message", "ana", "ben"), f"due in {LATER_SECONDS} s"),
        "invoice": Scene(
            "Python", "Invoice 42 is paid",
            (*_each("message", "chloe", "dan"), End("email", "chloe"), End("email", "books@example.org"),
             End("email", "dan", SKIPPED, "opted_out")),
        ),
        "never": Scene("Python", NEVER, (), "rolled back"),
        "build": Scene(
            "HTTP", "Build 7 is green",
            (End("webhook", "ana"), End("webhook", "ben", RETRYING)), "ben's port is dead",
        ),
        "backup": Scene("HTTP", "Backup is done", _each("message", "ben", "chloe"), "sent twice, one key"),
        "disk": Scene(
            "HTTP", "The disk of db1 is full",
            (*_each("alert", "ana"), *_each("header_message", "ana"), End("email", "ana")), "critical",
        ),
        "link": Scene("Argus", "The link to Bergen is down", (End("pager", "ben"),)),
        "import": Scene("Taskmanager", "nightly import", (End("email", "nights@example.org"),)),
        "titre": Scene("enDI", "Une facture est payée", _each("message", "chloe", "dan")),
        "audit": Scene("Sentry", "Ana made a key", (End("action", "rule:1"),)),
    }  # fmt: skip


def _each(channel: str, *names: str) -> tuple[End, ...]:
    return tuple(End(channel, name) for name in names)


class Play:
    """Sends the scenes by the three doors."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast
        self.scenes = scenes()

    def run(self) -> None:
        """Send everything. The one by the command line goes first, for it takes a moment to be due."""
        self._by_cli()
        self._by_python()
        self._rolled_back()
        self._by_http()
        self._by_code_of_others()

    def _by_cli(self) -> None:
        command = [
            sys.executable, "-m", "tocsin.cli", "notify", "coffee:ready", "--title", self.scenes["coffee"].title,
            "--to", "group:ops", "--at", f"+{LATER_SECONDS}s",
        ]  # fmt: skip
        # That process only hands the event in: this one is the server.
        environment = os.environ | {"TOCSIN_ENGINE": "worker"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=CLI_SECONDS, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"tocsin notify ended with {done.returncode}: {done.stderr.strip()}")
        self._note("coffee", done.stdout.strip(), created=True)

    def _by_python(self) -> None:
        event = tocsin.notify(
            "invoice:paid", title=self.scenes["invoice"].title, url="/invoices/42", data={"amount": 1200},
            body="**1 200 €** from *Acme*. See the [invoice](/invoices/42).",
            to=[to.group("sales"), to.address("email", "books@example.org")],
        )  # fmt: skip
        self._note("invoice", str(event.id), created=event.created)

    def _rolled_back(self) -> None:
        with contextlib.suppress(_ChangedMind), transaction.atomic():
            tocsin.notify("invoice:paid", title=NEVER, to=[to.user("ana")])
            raise _ChangedMind
        self.scenes["never"].created.append(False)

    def _by_http(self) -> None:
        self._post("build", {"type": "build:done", "to": ["user:ana", "user:ben"]})
        backup = {"type": "message:internal", "to": ["team:night-shift"], "dedupe_key": "backup-monday"}
        self._post("backup", backup)
        self._post("backup", backup)
        self._post("disk", {"type": "disk:full", "to": ["user:ana"], "body": "0 bytes of **100 GB** are free.",
                            "actions": [{"label": "Open the console", "url": "/"}]})  # fmt: skip

    def _by_code_of_others(self) -> None:
        """What was written for Argus, the taskmanager, enDI and Sentry, by the words of their documentation."""
        from endi.utils.notification import (  # type: ignore[import-not-found]
            AbstractNotification,
            notify,
        )
        from taskmanager.models import Report, Task  # type: ignore[import-not-found]

        self._post("link", {"type": "link:down", "to": ["user:ben"]})
        Report(
            Task("nightly import"), "errors", log="ERROR 3 rows are odd", n_log_errors=1
        ).emit_notifications()
        event = Event.objects.get(type="task:finished")
        self.scenes["import"].title = event.title
        self._note("import", str(event.pk), created=True)
        title = self.scenes["titre"].title
        abstract = AbstractNotification(body="<p>La <b>42</b></p>", title=title, key="message:internal")
        self._note("titre", str(notify(None, abstract, group_names=["sales"]).id), created=True)
        self._ask("api/0/organizations/default/notifications/actions/", {
            "triggerType": "audit-log", "serviceType": "slack", "targetIdentifier": "C0123",
            "targetDisplay": "#audit",
        })  # fmt: skip
        self._post("audit", {"type": "audit-log"})

    def _post(self, name: str, fields: dict[str, Any]) -> None:
        [event] = self._ask("api/v1/events", {"title": self.scenes[name].title, **fields})["events"]
        self._note(name, event["id"], created=event["created"])

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.cast.token}", "Content-Type": "application/json"}
        content = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.stage.url}/{path}", content, headers)  # noqa: S310 (our own)
        with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as answer:  # noqa: S310
            return json.load(answer)

    def _note(self, name: str, event_id: str, *, created: bool) -> None:
        self.scenes[name].id = uuid.UUID(event_id)
        self.scenes[name].created.append(created)


class _ChangedMind(Exception):
    """Rolls the transaction back."""
