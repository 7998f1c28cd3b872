"""Every curl command in the documentation, run as it stands by a shell against the running server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from tests.house.tree import ROOT, files, name, text
from tests.postgres import free_port
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Destination
from tocsin.rules import save
from tocsin.rules.spec import Place
from tocsin.tenants.models import Project, Role, Team, TeamMember
from tocsin.tenants.tokens import SCOPES

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("sqlite"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

SERVER = re.compile(r"https://(?:tocsin\.)?example\.org/api/v1|http://localhost:8000/api/v1")
FENCE = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPES = {key: {"label": key} for key in ("order:placed", "disk:full")}
REFUSED = {"/destinations/12/confirm": "422"}
"""What needs a code that somebody else got."""


def commands(page) -> list[str]:
    """The curl commands of a page, each to the end of its quotes and its continued lines."""
    found = []
    for block in FENCE.findall(text(page)):
        lines = block.splitlines()
        while lines:
            line = lines.pop(0).removeprefix("$ ")
            if not line.startswith("curl "):
                continue
            while lines and (line.endswith("\\") or line.count("'") % 2):
                line += "\n" + lines.pop(0)
            found.append(line)
    return found


EXAMPLES = [
    (name(page), command)
    for page in files(".md")
    for command in commands(page)
    if "/api/0/" not in command  # of an adapter, whose tests run it
]


@pytest.fixture
def types(settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": TYPES}


@pytest.fixture
def world(types, server, bearer, signed_in, organization) -> dict[str, str]:
    Group.objects.create(name="ops")
    acme = organization("acme")
    person = signed_in("ana", "acme", Role.ADMIN)
    ana = get_user_model().objects.get(username="ana")
    TeamMember.objects.create(team=Team.objects.create(organization=acme, slug="web"), user=ana)
    Project.objects.create(organization=acme, slug="web")
    nowhere = {"url": f"http://127.0.0.1:{free_port()}/hook"}
    Destination.objects.filter(pk=add_destination(acme, "webhook", nowhere).pk).update(id=12)
    rule = save.save({"name": "old", "event_types": ["disk:*"], "to": ["role:owner"]}, Place(acme.pk), "x")
    cookie = person.client.cookies["sessionid"].value
    return {
        "base": f"http://127.0.0.1:{server.port}/tocsin/api/v1",
        "rule": str(rule.pk),
        "TOKEN": bearer("acme", *SCOPES).token,
        "SESSION": f"sessionid={cookie}",
    }


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10
    assert "README.md" in {page for page, _ in EXAMPLES}
    assert (ROOT / "README.md").exists()


@pytest.mark.parametrize(
    ("page", "command"), EXAMPLES, ids=[f"{page}-{i}" for i, (page, _) in enumerate(EXAMPLES)]
)
def test_it_does_what_the_page_says(world, page, command) -> None:
    said = SERVER.sub(world["base"], command).replace('"replaces": "12"', f'"replaces": "{world["rule"]}"')
    assert said != command
    script = said.rstrip() + " -s -o answer -w '%{http_code}'"
    done = subprocess.run(
        ["sh", "-c", f"cd $(mktemp -d) && {script} && echo && cat answer"],
        env=os.environ | world, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    status, _, answer = done.stdout.partition("\n")
    expected = next((code for path, code in REFUSED.items() if path in command), None)
    assert status == expected or (expected is None and status[:1] == "2"), (
        f"{command}\n{done.stdout}{done.stderr}{answer}"
    )
