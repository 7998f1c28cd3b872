"""Markdown as Adaptive Cards show it, judged by a Markdown parser: nothing an author writes becomes other markup."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.teams import shown_markdown
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.msteams.markdown import broken, escape, written
from tocsin.channels.text import to_text

LITERAL = (
    "*not bold* _not italic_ __no__ **no** ~~no~~ `no`",
    "[bank](https://evil.example) ![x](https://evil.example/i.png) <https://evil.example>",
    "# no", "- no", "+ no", "1. no", "12) no", "> no", "---", "===", "    no", "\tno", "```", "~~~",
    "&lt;b&gt; &amp; &#60; &copy;", "<at>Ana</at>", "{{DATE(2026-03-01T12:00:00Z, SHORT)}}", "snake_case_word",
    "\\*", "\\", "[x]: https://evil.example", "|a|b|\n|-|-|\n|1|2|", "a  \nb\nc", "<!-- x -->", "https://a.example",
)  # fmt: skip
PIECES = st.sampled_from([*LITERAL, *"*_[]()<>`~#-+=!&{}\\| \n\t1.", "\n\n"])


def visible(text):
    return "".join(text.split())


@pytest.mark.parametrize("text", LITERAL)
def test_text_is_shown_as_it_is_written(text):
    assert visible(shown_markdown(escape(text))) == visible(text)
    assert visible(shown_markdown(f"{escape(text)} · {escape(text)}")) == visible(f"{text}·{text}")


@settings(max_examples=300)
@given(st.lists(PIECES | st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=3), max_size=12))
def test_any_text_is_shown_as_it_is_written(pieces):
    text = "".join(pieces)
    assert visible(shown_markdown(escape(text))) == visible(text)


@settings(max_examples=200)
@given(st.lists(PIECES | st.text(max_size=3), max_size=12))
def test_any_body_is_only_what_cards_show(pieces):
    for block in blocks_of("".join(pieces)):
        shown_markdown(written(block))


@pytest.mark.parametrize(
    ("markdown", "texts"),
    [
        ("**b** *i* ~~s~~ `c`", ["**b** _i_ s c"]),
        ("# T\n\na\nb", ["T", "a\n\nb"]),
        ("- a\n  - b", ["• a", "\u00a0\u00a0\u00a0\u00a0• b"]),
        ("2. x\n   y", ["2\\. x\n\n\u00a0\u00a0\u00a0y"]),
        ("[l](https://a.example/a_(b))", ["[l](https://a.example/a_%28b%29)"]),
        ("```\na\n  b\n```", ["a\n\n\u00a0\u00a0b"]),
        ("a and **b** and c", ["a and **b** and c"]),
        ("---", ["─" * 20]),
    ],
)
def test_what_authors_write(markdown, texts):
    assert [written(block) for block in blocks_of(markdown)] == texts


def test_a_body_reads_like_its_text():
    body = "Disk **db1** at *97 %*:\n\n- `/var` is full\n- [see](https://a.example)\n\n> do it"
    shown = " ".join(shown_markdown(written(block)) for block in blocks_of(body))
    plain = to_text(body).replace("- ", "• ").replace("> ", "").replace(" (https://a.example)", "")
    assert visible(shown) == visible(plain)


def test_what_cannot_be_escaped_is_broken_up():
    assert broken("<at>A</AT> {{{x}} <b> {y}") == "<\u200bat>A<\u200b/AT> {\u200b{\u200b{x}} <b> {y}"
