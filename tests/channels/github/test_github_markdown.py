"""GitHub's Markdown: an event's text reads as it was written, and does nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.github import RefusedByGitHub, refuse_references, shown_issue, shown_markdown
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.github.layout import body_of, title_of
from tocsin.channels.github.markdown import broken, escape, link, size, written
from tocsin.testing import make_message

ACTIVE = (
    "@octocat",
    "@acme/ops",
    "#12",
    "GH-12",
    "acme/web#12",
    "acme/web@a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "octocat@a5c3785",
    "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "https://github.com/acme/web/issues/1",
    "www.github.com/acme/web/pull/1",
    "mailto:ana@example.com",
    "GHSA-jfh8-c2jp-5v3q",
    ":tada:",
    "$x$ $$y$$",
    "<img src=https://evil.example/p.png>",
    "<!-- tocsin:x -->",
    "- [ ] a task",
    "[ ] a task",
    "# a heading",
    "1. a list",
    "| a | b |\n|---|---|\n| c | d |",
    "a | b\n:-- | --:",
    "title\n=====",
    "title\n-----",
    "***",
    "    code",
    "```\ncode",
    "~~~\ncode",
    "[x]: https://evil.example",
    "[^1]: a note",
    "> [!WARNING]",
    "&lt;b&gt; &copy;",
    "`code` *bold* _italic_ ~~gone~~",
    "![x](https://evil.example/p.png)",
    "back\\slash \\@octocat",
    "closes #12",
)
"""What GitHub would make something of."""


def read(text):
    """What a reader sees, but for what takes no room."""
    return shown_markdown(text).replace("\u200b", "").replace("\u00a0", " ")


@pytest.mark.parametrize("text", ACTIVE)
def test_plain_text_reads_as_it_was_written(text):
    assert read(escape(text)).strip() == text.strip()


@pytest.mark.parametrize("text", [text for text in ACTIVE if "\n" not in text])
def test_what_markdown_shows_of_a_body_does_nothing(text):
    body, _ = written(blocks_of(text), 10_000)
    shown_markdown(body)
    shown_markdown(link("https://shop.example", text))
    refuse_references(broken(text).replace("$", ""))


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "see #12",
        "gh-12",
        "a5c3785e",
        "https://x.example",
        "<b>x</b>",
        "- [ ] x",
        "$x$",
        "![x](y)",
        ":tada:",
    ],
)
def test_the_server_of_these_tests_sees_what_is_not_broken(text):
    with pytest.raises(RefusedByGitHub):
        shown_markdown(text)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("@#1a0f /-_*`~[]()!<>|\\&$:.=+x\n "), max_size=40))
def test_no_text_at_all_does_anything(text):
    shown_markdown(escape(text))
    refuse_references(broken(text))


@pytest.mark.parametrize("piece", ["a", "-a", ":a", "1", "_", "@a", "#1", "abcdef1", "1234567890"])
def test_no_text_takes_more_than_its_length(piece):
    """A second pass for each letter took half a minute of the whole process."""
    text = ":" + piece * (60_000 // len(piece))
    before = time.process_time()
    escape(text)
    assert time.process_time() - before < 3


def test_the_longest_name_of_an_emoji_is_broken():
    name = ":south_georgia_south_sandwich_islands:"
    assert broken(f"a {name} b {name}") == f"a :\u200b{name[1:]} b :\u200b{name[1:]}"


@pytest.mark.parametrize(
    "text",
    [
        "1 763 745 600 and 1763745600",
        "ana and bob",
        "a # b",
        "12:30:45",
        "cafe",
        "deadbeer1234567",
    ],
)
def test_text_that_refers_to_nothing_is_not_touched(text):
    assert broken(text) == text


def test_a_body_keeps_its_shape():
    body = (
        "# Head\n\nfirst **bold** and *slanted* ~~gone~~ `co``de`\nsecond line\n\n"
        "- one\n- two\n    - inner\n\n3. three\n4. four\n\n> said\n> so\n\n---\n\n"
        "```\n@octocat ```` #12\n```\n\n[a link](https://x.example/a_b?c=1&d=(2))"
    )
    text, is_cut = written(blocks_of(body), 10_000)
    assert not is_cut
    assert text == (
        "### Head\n\nfirst **bold** and _slanted_ ~~gone~~ ```co``de```\nsecond line\n\n"
        "- one\n- two\n    - inner\n\n3. three\n4. four\n\n> said\n> so\n\n* * *\n\n"
        "`````\n@octocat ```` #12\n`````\n\n[a link](<https://x.example/a_b?c=1&amp;d=(2)>)"
    )


@pytest.mark.parametrize("body", ["> y\n>\n" * 1000, "- y\n" * 1000, "y\n\n" * 1000, "- > y\n\n" * 1000])
def test_what_stands_between_blocks_is_counted_too(body):
    text, is_cut = written(blocks_of(body), 1000)
    assert is_cut
    assert size(text) <= 1000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "- a\n  - b\n\n    ```\n    c\n    ```\n\n    d\n  - e",
            "- a\n    - b\n\n      ```\n      c\n      ```\n\n      d\n\n    - e",
        ),
        ("- ```\n  c\n  ```\n\n  d", "- ```\n  c\n  ```\n\n  d"),
        ("- a\n  - b\n\n    > c\n\n    d\n  - e", "- a\n    - b\n\n> c\n\nd\n\n- e"),
        ("> - a\n>   - b\n>\n> c", "> - a\n>     - b\n>\n> c"),
        ("- > a\n- b", "> - a\n\n- b"),
        ("- # a\n   1. b", "- ### a\n\n    1. b"),
        ("100. a\n\n     b", "100. a\n\n     b"),
        ("- a\n  - b\n\n    ---\n\n    c", "- a\n    - b\n\n* * *\n\nc"),
    ],
)
def test_what_stands_in_lists_and_quotes_is_not_taken_for_code(body, text):
    made, _ = written(blocks_of(body), 1000)
    assert made == text
    shown_markdown(made)


LINES = st.tuples(
    st.sampled_from(["", "  ", "   ", "    ", "      ", "        "]),
    st.sampled_from(
        ["- w", "1. w", "7. w", "> w", "w", "", "```\nc\n```", "# w", "> - w", "- > w", "---", "- # w"]
    ),
).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=9).map("\n".join))
def test_whatever_stands_in_whatever_its_text_is_all_there(body):
    blocks = blocks_of(body)
    made, _ = written(blocks, 10_000)
    shown = shown_markdown(made).replace("\u200b", "").replace("\u00a0", " ")
    assert shown.split() == " ".join(block.text for block in blocks).split()


@pytest.mark.parametrize("kind", ["issues/1", "pull/1", "discussions/1", "commit/a5c3785"])
def test_a_link_leaves_no_trace_at_the_issue_it_leads_to(kind, settings):
    assert (
        link(f"https://github.com/a/b/{kind}#x", "there")
        == f"[there](<https://redirect.github.com/a/b/{kind}#x>)"
    )
    assert link("https://github.com/a/b", "there") == "[there](<https://github.com/a/b>)"
    settings.TOCSIN = {"GITHUB_API_URL": "https://git.acme.example/api/v3"}
    assert "](" not in link(f"https://git.acme.example/a/b/{kind}", "there")


def test_code_is_left_as_it_is_for_nothing_in_it_is_active():
    text, _ = written(blocks_of("`@octocat #12` is code"), 1000)
    assert text == "`@octocat #12` is code"


@pytest.mark.parametrize(
    "body",
    [
        "x" * 200_000,
        "*a* " * 50_000,
        "- x\n" * 30_000,
        "😀" * 60_000,
        "```\n" + "y\n" * 90_000,
    ],
)
def test_whatever_the_text_its_size_is_one_that_github_takes(body):
    action = {"label": "l" * 900, "url": "https://x.example/" + "y" * 1900}
    event = make_message(title="t" * 300, body=body, actions=(action,) * 20).event
    message = make_message()
    for count in (1, 10, 50):
        many = type(message)(
            **{name: getattr(message, name) for name in message.__slots__} | {"events": (event,) * count}
        )
        text = body_of(many)
        assert size(text) <= 65_400
        assert "The text was shortened." in text
        assert len(title_of(many)) <= 256
        shown_issue({"title": title_of(many), "body": text})
