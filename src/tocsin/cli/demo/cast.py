"""The people of the demo: who they are, what they belong to, where they are reached, what they do not want."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tocsin.cli.accounts import create_user
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Preference
from tocsin.tenants.models import Team, TeamMember
from tocsin.tenants.organizations import implicit
from tocsin.tenants.tokens import DEFAULT_SCOPES, create_token

if TYPE_CHECKING:
    from tocsin.cli.demo.stage import Stage

GROUPS = {"ana": "ops", "ben": "ops", "chloe": "sales", "dan": "sales"}
ADMIN = "ana"


class Cast:
    """Makes everyone, and keeps the password they share."""

    def __init__(self, stage: Stage) -> None:
        self.password = "-".join(secrets.token_hex(2) for _ in range(3))
        self.users: dict[str, Any] = {
            name: create_user(
                name, email=f"{name}@example.com", groups=[group], password=self.password, admin=name == ADMIN
            )
            for name, group in GROUPS.items()
        }
        team = Team.objects.create(organization=implicit(), slug="night-shift", name="Night shift")
        TeamMember.objects.bulk_create(
            TeamMember(team=team, user=self.users[name]) for name in ("ben", "chloe")
        )
        Preference.objects.create(
            user=self.users["dan"], event_type="invoice:paid", channel="email", wanted=False
        )
        add_destination(
            self.users["ana"],
            "webhook",
            {"url": stage.echo.url, "secret": stage.secret},
            label="ana's webhook",
        )
        add_destination(self.users["ben"], "webhook", {"url": stage.dead_port.url}, label="ben's webhook")
        add_destination(self.users["ben"], "pager", {"number": 42}, label="ben's pager")
        _, self.token = create_token("demo", scopes=[*DEFAULT_SCOPES, "rules"])
