"""What is said of a channel: the same by the command line, the API and the page of the documentation."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from tests.api.conftest import Caller
from tests.house.tree import ROOT, text
from tocsin.channels import registry
from tocsin.channels.base import Abilities
from tocsin.channels.memory import MemoryChannel
from tocsin.cli import cli
from tocsin.tenants.organizations import implicit
from tocsin.tenants.tokens import create_token

pytestmark = pytest.mark.django_db


class BusyChannel(MemoryChannel):
    """Can do more than the memory channel, and is not ready."""

    slug = "busy"
    abilities = Abilities(("markdown", "cards"), 4000, 28_000, updates=True, threads=True, receipts=True)
    deadline_seconds = 12.5

    def not_ready(self):
        return "Set TOCSIN['BUSY'] first."


class TornChannel(MemoryChannel):
    """Does not know whether it is ready."""

    slug = "torn"

    def not_ready(self):
        raise LookupError("s3cret")


@pytest.fixture
def listed(settings):
    settings.TOCSIN = {**settings.TOCSIN, "CHANNELS": {
        "busy": f"{__name__}.BusyChannel", "torn": f"{__name__}.TornChannel"}}  # fmt: skip

    def run(*arguments):
        done = CliRunner().invoke(cli, ["channels", *arguments], prog_name="tocsin")
        assert done.exit_code == 0, done.output
        return done

    return run


def test_the_api_and_the_command_line_say_the_same(listed):
    shell = {row["slug"]: row for row in json.loads(listed("--json").stdout)}
    _, plain = create_token("test", implicit(), scopes=["admin"])
    api = {item["slug"]: item for item in Caller(plain).get("/channels").json()["items"]}
    assert api == shell
    assert set(api) == set(registry.channels())


def test_everything_a_channel_declares_is_told(listed):
    told = {row["slug"]: row for row in json.loads(listed("--json").stdout)}
    busy = told["busy"]
    schema = busy.pop("schema")
    assert busy == {
        "slug": "busy", "label": "Memory", "provider": "settings", "not_ready": "Set TOCSIN['BUSY'] first.",
        "capabilities": ["addresses", "updates", "threads", "receipts"], "formats": ["markdown", "cards"],
        "max_characters": 4000, "max_bytes": 28_000, "batch_size": 500, "deadline_seconds": 12.5,
    }  # fmt: skip
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["name"]
    assert told["alert"]["capabilities"][0] == "in_app"
    assert told["email"]["capabilities"][:2] == ["addresses", "account_email"]


def test_the_list_is_a_line_for_each_and_what_is_not_ready_stands_apart(listed):
    done = listed()
    lines = {line.split("\t")[0]: line.split("\t") for line in done.stdout.splitlines()}
    assert set(lines) == set(registry.channels())
    assert lines["busy"] == [
        "busy", "Memory", "name, [fail]", "addresses, updates, threads, receipts", "markdown, cards",
        "4,000 characters, 28,000 bytes", "settings",
    ]  # fmt: skip
    assert "busy: Set TOCSIN['BUSY'] first." in done.stderr
    assert "torn: not_ready() raised LookupError." in done.stderr
    assert "s3cret" not in done.output


def test_the_page_is_of_the_built_in_channels_whatever_the_settings_say(listed):
    page = CliRunner().invoke(cli, ["reference", "channels"], prog_name="tocsin").stdout
    rows = re.findall(r"^\| \[.*?\]\((\S+)\) `(\w+)` \|(.*)\|$", page, re.MULTILINE)
    assert [slug for _, slug, _ in rows] == [channel.slug for channel in registry.built_in()]
    assert "busy" not in page
    for link, slug, rest in rows:
        assert link == f"../channels/{slug}.md"
        able = registry.get(slug).abilities
        cells = [cell.strip() for cell in rest.split("|")]
        assert cells[0] == ", ".join(able.formats)
        told = [able.updates, able.threads, able.closes, able.receipts]
        assert [cell == "yes" for cell in cells[2:6]] == told
    heading = next(line for line in page.splitlines() if line.startswith("| channel"))
    assert {line.count("|") for line in page.splitlines() if line.startswith("|")} == {heading.count("|")}


def test_the_extras_are_those_of_the_project():
    from tocsin.channels.offers import EXTRAS

    project = (
        text(ROOT / "pyproject.toml")
        .partition("[project.optional-dependencies]")[2]
        .partition("[project.")[0]
    )
    assert set(EXTRAS.values()) <= set(re.findall(r"^(\w+) =", project, re.MULTILINE))
