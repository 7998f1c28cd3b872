"""`docs/adding-a-channel.md` shows the example as it is, and names what there is."""

from __future__ import annotations

import re

from tests.house.tree import ROOT, files, text
from tocsin import testing
from tocsin.channels import registry
from tocsin.channels.base import Channel

PAGE = text(ROOT / "docs/adding-a-channel.md")
EXAMPLE = "".join(text(path) for path in files(under="examples/channel-plugin"))
BLOCK = re.compile(r"^```(?:python|toml)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_code_is_that_of_the_example():
    blocks = [block for block in BLOCK.findall(PAGE) if block.count("\n") > 1]
    assert len(blocks) == 5
    assert [block for block in blocks if block not in EXAMPLE] == []


def test_every_attribute_and_method_is_one():
    rows = re.findall(r"^\| `([a-z]\w*)(\([\w, ]*\))?` \|", PAGE, re.MULTILINE)
    assert len(rows) > 10
    known = {*vars(Channel), *Channel.__annotations__}
    assert [name for name, _ in rows if name not in known] == []
    explained = {name for name, _ in rows}
    ours = {"in_app", "attempt", "log_failure", "takes_addresses"}
    assert {name for name in known if not name.startswith("_")} - ours == explained


def test_reserved_words_are_named():
    assert [word for word in registry.RESERVED if f"`{word}`" not in PAGE] == []


def test_what_the_suite_is_told_exists():
    for name in (
        "settings",
        "secrets",
        "bad_settings",
        "replies",
        "unsupported",
        "markup",
        "shown",
        "far_side",
    ):
        assert f"`{name}`" in PAGE
        assert hasattr(testing.ChannelContract, name)
