"""Fills a site with one of everything that the pages show, in the process of the server's database."""

from __future__ import annotations

import json
from datetime import timedelta


def fill(name: str) -> str:
    """Things of the implicit organization, told to `name`; JSON of the ids that addresses of pages need."""
    from django.contrib.auth import get_user_model

    import tocsin
    from tocsin import clock
    from tocsin.channels import registry
    from tocsin.events import declared
    from tocsin.recipients.destinations import add_destination
    from tocsin.rules.save import save
    from tocsin.rules.spec import Place
    from tocsin.sources.tasks.models import TaskRun
    from tocsin.tenants import members, tokens
    from tocsin.tenants.organizations import implicit
    from tocsin.testing import deliver_now

    ana = get_user_model().objects.get(username=name)
    home = implicit()
    key = f"user:name={name}"
    team = members.make_team(home, f"team-{name}", name, "Night shift")
    project = members.make_project(home, f"web-{name}", name)
    token, _plain = tokens.create_token(f"Token of {name}", home)
    members.set_role(home, ana, "owner", name)
    members.join(team, ana, name)
    kind = declared.save(
        home.pk, {"key": f"own:{name}", "label": "A kind of our own"}, name, channels=registry.channels()
    )
    shared = add_destination(home, "memory", {"name": f"shared {name}"})
    own = add_destination(ana, "memory", {"name": f"own {name}", "fail": "gone"})
    condition = {"any": [{"field": "data.host", "op": "in", "value": ["db1"]}]}
    rule = save(
        {"name": f"Rule {name}", "event_types": ["task:*"], "to": [key], "condition": condition},
        Place(home.pk),
        name,
    )
    mine = save({"name": f"Mine {name}", "event_types": ["*"]}, Place(home.pk, ana.pk), name)
    events = [
        tocsin.notify("message:system", title=f"Dead for {name}", to=[f"destination:{own.pk}"], body="**So** it is."),
        tocsin.notify("message:system", title="Read-only on Sunday", to=[key], channel="header_message", level="warning"),
        tocsin.notify("message:internal", title="Hello", to=[key], actor=name, body="See [there](https://example.org/)."),
        tocsin.notify("message:system", title="Later", to=[key], due_at=clock.now() + timedelta(days=1)),
    ]  # fmt: skip
    deliver_now()
    tocsin.repeat("message:internal", rrule="FREQ=DAILY", title="Stand-up", to=[key])
    with tocsin.task(f"backup of {name}"):
        pass
    run = TaskRun.objects.latest("id")
    return json.dumps({
        "event": str(events[0].id), "rule": rule.pk, "mine": mine.pk, "own": own.pk, "shared": shared.pk, "run": str(run.pk),
        "team": team.slug, "project": project.slug, "prefix": token.prefix, "type": kind.key, "user": str(ana.pk),
    })  # fmt: skip
