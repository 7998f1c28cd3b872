"""Markdown as Slack shows it: what authors write, and that nothing they write mentions anybody."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.slack import shown_mrkdwn, units
from tocsin.channels.chat.body import Block, Run, cut
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.slack.layout import ROOM
from tocsin.channels.slack.mrkdwn import SECTION, link, sections

MENTIONS = (
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<!subteam^S012|@team>",
    "<@U024BE7LH>",
    "<#C024BE7LR>",
)
AROUND = (
    "{}",
    "**{}**",
    "*{}*",
    "~~{}~~",
    "`{}`",
    "```\n{}\n```",
    "    {}",
    "[{}](https://a.example)",
    "[x](<https://a.example/{}>)",
    "![{}](https://a.example/i.png)",
    "- {}",
    "1. {}",
    "> {}",
    "# {}",
    "| {} |\n|---|\n| {} |",
    "a{}b",
    "<https://a.example/{}>",
)


def written(markdown, room=ROOM):
    return "\n\n".join(sections(blocks_of(markdown), room)[0])


@pytest.mark.parametrize("around", AROUND)
def test_no_author_can_mention_anybody(around):
    for mention in (*MENTIONS, "&lt;!channel&gt;", "&#60;!channel&#62;", "\\<!channel\\>", "@here @channel"):
        shown = shown_mrkdwn(written(around.replace("{}", mention)), literal=True)
        assert shown.strip()


PIECES = st.sampled_from([*MENTIONS, *"<>&|*_~`[)!# \n", "```", "\n\n", "- ", "> ", "]("])


@settings(max_examples=200)
@given(st.lists(PIECES | st.text(max_size=4), max_size=20).map("".join))
def test_no_mixture_mentions_anybody(body):
    for text in sections(blocks_of(body), 300)[0]:
        shown_mrkdwn(text, literal=True)


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("", ""),
        ("**b** *i* ~~s~~ `c`", "*b* _i_ ~s~ `c`"),
        ("**b *i***", "*b* _*i*_"),
        ("**a\nb**", "*a*\n*b*"),
        ("# T", "*T*"),
        ("a\n\nb", "a\n\nb"),
        (
            "[l](https://a.example/?a=1&b=2) <https://a.example>",
            "<https://a.example/?a=1&amp;b=2|l> <https://a.example>",
        ),
        ("[a|b](<https://a.example/x|y>)", "<https://a.example/x%7Cy|a|b>"),
        ("[x](/nowhere) [y](javascript:z)", "x [y](javascript:z)"),
        ("- a\n- b\n  1. c", "• a\n• b\n    1. c"),
        ("3. c\n   more\n\n   para", "3. c\n   more\n   para"),
        ("> q\n> r", "> q\n> r"),
        ("```py\na < b\n```", "```\na &lt; b\n```"),
        ("````\n```\n````", "```\n`\u200b``\n```"),
        ("a \\`\\`\\`\\` b", "a `\u200b`\u200b`` b"),
        ("`` a`b ``", "a`b"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "```\na | b\n--------------------\n1 | 2\n```"),
        ("a\n\n---\n\nb", "a\n\n────────────────────\n\nb"),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
    ],
)
def test_what_authors_write(settings, markdown, mrkdwn):
    settings.TOCSIN = {}
    assert written(markdown) == mrkdwn


@pytest.mark.parametrize(
    "body",
    [
        "```\n" + "a < b & c\n" * 4000 + "```",
        "**" + "bold & " * 4000 + "end**",
        "> " + "quoted < " * 4000,
        "[" + "label " * 900 + "](https://a.example)\n\n" + "x" * 20_000,
        "\U0001f600" * 20_000,
        "- item & more\n" * 2000,
        "<!channel> " * 3000,
        "a" * 100_000,
    ],
)
def test_what_is_too_long_is_cut_and_closed(body):
    texts, is_cut = sections(blocks_of(body), ROOM)
    assert is_cut
    assert ROOM * 0.7 < sum(map(units, texts)) <= ROOM
    for text in texts:
        assert 0 < units(text) <= SECTION
        shown_mrkdwn(text, literal=True)


def test_an_address_cannot_end_its_link_early():
    assert link("https://a.example/x|y> <!here>`&", "l > m") == (
        "<https://a.example/x%7Cy%3E%20%3C!here%3E%60&amp;|l &gt; m>"
    )


def test_nothing_is_lost_between_sections():
    words = " ".join(f"word{number}" for number in range(1200))
    texts, is_cut = sections(blocks_of(words), ROOM)
    assert not is_cut
    assert len(texts) > 3
    assert " ".join("\n".join(texts).split()) == words


def test_both_halves_of_a_cut_keep_their_looks():
    block = Block("text", (Run("plain "), Run("bold text", frozenset({"bold"}))), "• ", "  ")
    head, rest = cut(block, lambda part: len(part.text) <= 10)
    assert [run.text for run in head.runs] == ["plain ", "bold"]
    assert rest.runs == (Run(" text", frozenset({"bold"})),)
    assert (head.prefix, rest.prefix) == ("• ", "  ")
    assert cut(block, lambda part: False) == (None, block)
