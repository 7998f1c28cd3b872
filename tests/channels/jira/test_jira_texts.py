"""Markdown as Jira shows it: ADF for Cloud, wiki markup for Server, with nothing that an author did not mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tests.servers.jira_texts import shown_adf, shown_wiki
from tocsin.channels.chat.reader import blocks_of
from tocsin.channels.jira import adf, wiki
from tocsin.channels.jira.wiki import escape


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("", ""),
        ("**b** *i* ~~s~~ `c`", "{*}b{*} {_}i{_} {-}s{-} {{c}}"),
        ("**b *i***", "{*}b{*} {_}{*}i{*}{_}"),
        ("in**side**word", "in{*}side{*}word"),
        ("**a\nb**", "{*}a{*}\n{*}b{*}"),
        ("# T", "h3. T"),
        ("a\n\nb", "a\n\nb"),
        ("[l](https://a.example/?a=1&b=2)", "[l|https://a.example/?a=1&b=2]"),
        ("<https://a.example/x>", "[https://a.example/x]"),
        ("[a|b](<https://a.example/x|y]>)", "[a&#124;b|https://a.example/x%7Cy%5D]"),
        ("[x](/nowhere) [y](javascript:z)", "x &#91;y&#93;&#40;javascript&#58;z&#41;"),
        ("- a\n- b\n  1. c\n  2. d\n- e", "* a\n* b\n*# c\n*# d\n* e"),
        ("3. c\n   more\n\n   para\n\nafter", "# c\nmore\npara\n\nafter"),
        ("- # T\n  text", "* {*}T{*}\ntext"),
        ("> q\n> - r\n\ns", "{quote}\nq\n\n* r\n{quote}\n\ns"),
        ("```py\na < {b}\n```", "{noformat}\na < {b}\n{noformat}"),
        ("```\n{noformat}\n{NoFormat}\n```", "{noformat}\n{\u200bnoformat}\n{\u200bNoFormat}\n{noformat}"),
        ("- a\n\n  ```\n  b\n  ```", "* a\n{noformat}\nb\n{noformat}"),
        ("-     b", "* {noformat}\nb\n{noformat}"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "{noformat}\na | b\n--------------------\n1 | 2\n{noformat}"),
        ("a\n\n---\n\nb", "a\n\n----\n\nb"),
        ("1 < 2 & 3", "1 < 2 &#38; 3"),
    ],
)
def test_wiki_markup(settings, markdown, written):
    settings.TOCSIN = {}
    assert wiki.document(blocks_of(markdown)) == written


def test_what_is_no_markup_stays_readable():
    plain = "A well-known file_name: 42 % of 1/2, 3.5 = x; \"quoted\" 'so'? <b> $5 at 12:30"
    assert escape(plain) == plain


def item(*content):
    return {"type": "listItem", "content": list(content)}


def paragraph(text, *marks):
    node = {"type": "text", "text": text}
    return {"type": "paragraph", "content": [node | ({"marks": list(marks)} if marks else {})]}


def quote(*content):
    return {"type": "blockquote", "content": list(content)}


def bullets(*items):
    return {"type": "bulletList", "content": list(items)}


def numbers(order, *items):
    return {"type": "orderedList", "attrs": {"order": order}, "content": list(items)}


RULE = {"type": "rule"}
STRONG, LINK = {"type": "strong"}, {"type": "link", "attrs": {"href": "https://a.example"}}
CODE = {"type": "codeBlock", "content": [{"type": "text", "text": "c"}]}


@pytest.mark.parametrize(
    ("markdown", "content"),
    [
        ("", []),
        ("a", [paragraph("a")]),
        ("[**`c`**](https://a.example)", [paragraph("c", {"type": "code"}, LINK)]),
        (
            "- a\n- b\n  1. c",
            [bullets(item(paragraph("a")), item(paragraph("b"), numbers(1, item(paragraph("c")))))],
        ),
        ("3. c\n\n   d", [numbers(3, item(paragraph("c"), paragraph("d")))]),
        ("- a\n\n1. b", [bullets(item(paragraph("a"))), numbers(1, item(paragraph("b")))]),
        (
            "1. a\n\n---\n\n1. b",
            [numbers(1, item(paragraph("a"))), RULE, numbers(1, item(paragraph("b")))],
        ),
        ("- # T\n\n  ```\n  c\n  ```", [bullets(item(paragraph("T", STRONG), CODE))]),
        (
            "> # T\n> - a",
            [quote(paragraph("T", STRONG), bullets(item(paragraph("a"))))],
        ),
        ("- - a", [bullets(item({"type": "paragraph", "content": []}, bullets(item(paragraph("a")))))]),
        ("```\nc\n```", [CODE]),
        (
            "**a**\nb",
            [
                {
                    "type": "paragraph",
                    "content": [
                        {"type": "text", "text": "a", "marks": [STRONG]},
                        {"type": "hardBreak"},
                        {"type": "text", "text": "b"},
                    ],
                }
            ],
        ),
        ("# T", [{"type": "heading", "attrs": {"level": 3}, "content": [{"type": "text", "text": "T"}]}]),
    ],
)
def test_atlassian_document_format(markdown, content):
    assert adf.document(blocks_of(markdown)) == {"version": 1, "type": "doc", "content": content}


PIECES = st.sampled_from(
    [
        *"[]{}|!*_+-^~?#()\\:@<>&`.> \n",
        *("{code}", "{noformat}", "[~a]", "h1. ", "bq. ", "http", "://", "mailto:", "OPS-1", "&#91;", ":)"),
        *("](https://a.example/", "**", "\n\n", "- ", "1. ", "    ", "a", "1"),
    ]
)


@limits(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=20).map("".join))
def test_no_mixture_becomes_markup_or_a_document_that_jira_refuses(body):
    blocks = blocks_of(f"x\n\n{body}")
    shown_wiki(wiki.document(blocks))
    shown_adf(adf.document(blocks))


@limits(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_a_text_is_never_larger_than_its_blocks_weigh(body):
    blocks = blocks_of(body)
    assert len(wiki.document(blocks)) <= sum(map(wiki.weigh, blocks))
    written = adf.json.dumps(adf.document(blocks)["content"], ensure_ascii=False)
    assert len(written) <= sum(map(adf.weigh, blocks)) + 2
