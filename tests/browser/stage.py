"""Fills a site with one of everything that the pages show, in the process of the server's database."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any


def fill(name: str) -> str:
    """Things of the implicit organization, told to `name`; JSON of what addresses of pages need."""
    from django.contrib.auth import get_user_model

    from tocsin.tenants.organizations import implicit

    ana = get_user_model().objects.get(username=name)
    return json.dumps({"user": str(ana.pk), **_settled(ana, implicit()), **_told(ana)})


def _settled(ana: Any, home: Any) -> dict[str, Any]:
    """What an administrator sets up."""
    from tocsin.channels import registry
    from tocsin.deliveries.wording import save as wording
    from tocsin.events import declared
    from tocsin.recipients.destinations import add_destination
    from tocsin.rules.save import save
    from tocsin.rules.spec import Place
    from tocsin.tenants import members, tokens

    name = ana.username
    members.set_role(home, ana, "owner", name)
    team = members.make_team(home, f"team-{name}", name, "Night shift")
    members.join(team, ana, name)
    token, _plain = tokens.create_token(f"Token of {name}", home)
    fields = {"key": f"own:{name}", "label": "A kind of our own"}
    place = {"event_type": "message:system", "channel": "email", "locale": ""}
    wording.save(home.pk, place | {"title": "{{ event.title }}!", "body": "**{{ event.title }}**"}, name)
    condition = {"any": [{"field": "data.host", "op": "in", "value": ["db1"]}]}
    rule = {"name": f"Rule {name}", "event_types": ["task:*"], "to": ["role:owner"], "condition": condition}
    return {
        "team": team.slug,
        "project": members.make_project(home, f"web-{name}", name).slug,
        "prefix": token.prefix,
        "type": declared.save(home.pk, fields, name, channels=registry.channels()).key,
        "shared": add_destination(home, "memory", {"name": f"shared {name}"}).pk,
        "own": add_destination(ana, "memory", {"name": f"own {name}", "fail": "gone"}).pk,
        "rule": save(rule, Place(home.pk), name).pk,
        "mine": save({"name": f"Mine {name}", "event_types": ["*"]}, Place(home.pk, ana.pk), name).pk,
    }


def _told(ana: Any) -> dict[str, str]:
    """What happens, and what became of it."""
    import tocsin
    from tocsin import clock
    from tocsin.recipients.models import Destination
    from tocsin.sources.tasks.models import TaskRun
    from tocsin.testing import deliver_now

    key = f"user:name={ana.username}"
    own = Destination.objects.get(user=ana, managed=False)
    dead = tocsin.notify(
        "message:system", title="It fails", to=[f"destination:{own.pk}"], body="**So** it is."
    )
    banner = {"channel": "header_message", "level": "warning"}
    tocsin.notify("message:system", title="Read-only on Sunday", to=[key], **banner)
    tocsin.notify("message:internal", title="Hello", to=[key], body="See [there](https://example.org/).")
    tocsin.notify("message:system", title="Later", to=[key], due_at=clock.now() + timedelta(days=1))
    tocsin.repeat("message:internal", rrule="FREQ=DAILY", title="Stand-up", to=[key])
    with tocsin.task(f"backup of {ana.username}"):
        pass
    deliver_now()
    return {"event": str(dead.id), "run": str(TaskRun.objects.latest("id").pk)}
