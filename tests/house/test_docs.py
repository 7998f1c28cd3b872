"""What is written keeps to what is built: settings, channels, links, snippets, changelog."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest
from click.testing import CliRunner

from tests.house.tree import ROOT, files, name, text
from tocsin import conf
from tocsin.channels.base import Channel
from tocsin.cli import cli
from tocsin.deliveries.states import Reason, State
from tocsin.server.variables import VARIABLES

CONTRACTS = tomllib.loads(text(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
PAGES = files(".md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FRAGMENT = re.compile(r"(?:\d+|\+[\w-]+)\.(?:feature|bugfix|doc|removal|misc)\.md")


def prose(page):
    return FENCE.sub("", text(page))


def anchors(page):
    headings = re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{name(page)} links to {target}"
        if anchor and goal.suffix == ".md":
            assert anchor in anchors(goal), f"{name(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_snippets_are_python(page):
    for language, code in FENCE.findall(text(page)):
        if language == "python":
            ast.parse(code)


def test_every_page_is_reached_from_the_first():
    home = ROOT / "docs/index.md"
    reached, ahead = set(), [home]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        ahead += [
            (page.parent / t.partition("#")[0]).resolve() for t in LINK.findall(prose(page)) if ":" not in t
        ]
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert {name(page) for page in pages - reached} == set()


def test_every_setting_is_documented():
    page = text(ROOT / "docs/reference/settings.md")
    known = [*conf.SETTINGS, *VARIABLES]
    assert [key for key in known if f"| `{key}` |" not in page] == []
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)) == set(known)


@pytest.mark.parametrize("page", ["channels", "cli", "settings"])
def test_pages_made_from_the_code_are_made_from_this_code(page):
    done = CliRunner().invoke(cli, ["reference", page], prog_name="tocsin")
    assert done.exit_code == 0, done.output
    assert text(ROOT / f"docs/reference/{page}.md") == done.output


def test_every_state_and_reason_is_in_the_glossary():
    page = text(ROOT / "docs/glossary.md")
    words = [word for word in (*State, *Reason) if word.value]
    assert [word.value for word in words if f"| `{word.value}` | {word.label} |" not in page] == []


def test_the_map_of_the_rooms_is_the_one_that_is_checked():
    [layers] = [c["layers"] for c in CONTRACTS if c["type"] == "layers"]
    wanted = [set(re.findall(r"tocsin\.(\w+)", layer)) for layer in layers]
    listed = re.findall(r"^\d+\. (.*)$", text(ROOT / "docs/rooms.md"), re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", line)) for line in listed] == wanted
    rooms = {
        p.relative_to(ROOT / "src/tocsin").parts[0]
        for p in files(".py", under="src")
        if p.parent.name != "tocsin"
    }
    assert rooms - {"management", "migrations", "templatetags"} <= set().union(*wanted)


def test_every_channel_has_a_page():
    from tocsin.channels.registry import channels

    found = [channel for channel in channels().values() if isinstance(channel, Channel)]
    assert [c.slug for c in found if not (ROOT / f"docs/channels/{c.slug}.md").exists()] == []


def test_changelog_fragments_are_named_after_an_issue_and_a_kind():
    kept = [p for p in files(under="changelog.d") if p.name not in ("README.md", ".gitignore")]
    assert [p.name for p in kept if not FRAGMENT.fullmatch(p.name)] == []
    assert [p.name for p in kept if not text(p).strip()] == []


def test_decisions_are_numbered_without_gaps():
    numbers = sorted(p.name[:4] for p in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]
