"""Markdown as HTML that cannot harm and as text that can be read, in linear time."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.channels.text import (
    ATTRIBUTES,
    CACHED_CHARACTERS,
    MARKDOWN_CHARACTERS,
    TAGS,
    _remembered,
    one_line,
    safe_url,
    to_html,
    to_text,
)


class Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html):
        super().__init__()
        self.seen, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](vbscript:x)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "<a href=x onclick=y>z</a>",
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<style>*{}</style>",
    "<!--<script>-->",
    "`<script>`",
    "```html\n<script>alert(1)</script>\n```",
    "```<script>\nx\n```",
    "<https://a.example/<script>>",
    "|<script>|\n|-|\n|<b>|",
    "[<script>](https://a.example)",
    "<form action=x><input>",
    "<base href=x>",
    "<meta http-equiv=refresh>",
    "&lt;script&gt;",
]


def assert_harmless(html):
    for tag, attributes in Tags(html).seen:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set()) | {"rel"}
        if tag == "a" and "href" in attributes:
            assert attributes["rel"] == "noopener"
            assert attributes["href"].lower().startswith(("https://", "http://", "mailto:", "/"))
            assert not attributes["href"].startswith(("//", "/\\"))


@pytest.mark.parametrize("payload", XSS)
def test_nothing_an_author_writes_becomes_active(payload):
    for written in (payload, f"> {payload}", f"- {payload}", f"**{payload}**"):
        assert_harmless(to_html(written))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    *XSS,
                    "[",
                    "](",
                    ")",
                    "<",
                    ">",
                    "`",
                    "*",
                    "_",
                    "~~",
                    "|",
                    "\n",
                    "\n\n",
                    "    ",
                    "> ",
                    "- ",
                    "1. ",
                    "![",
                    "javascript:",
                    "https://a.example",
                    '"',
                    "'",
                    "&",
                    "\\",
                    "\x00",
                ]
            ),
            st.text(max_size=5),
        ),
        max_size=20,
    ).map("".join)
)
def test_no_mixture_becomes_active(written):
    assert_harmless(to_html(written))
    assert to_text(written).endswith("\n")


def test_html_of_what_authors_write():
    html = to_html(
        "# T\n\n**b** *e* ~~s~~ `c`\n\n1. x\n2. y\n\n> q\n\n| a |\n|---|\n| b |\n\n```py\nx < 1\n```\n\n<https://a.example>"
    )
    for part in (
        "<h1>T</h1>",
        "<strong>b</strong>",
        "<em>e</em>",
        "<s>s</s>",
        "<code>c</code>",
        "<ol>",
        "<blockquote>",
        "<td>b</td>",
        "<pre><code>x &lt; 1",
        '<a href="https://a.example" rel="noopener">',
    ):
        assert part in html


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example",
        "/\\evil.example",
        "foo/bar",
        "#a",
        "?q",
        "ftp://a.example",
        "data:image/png;base64,xx",
    ],
)
def test_what_is_no_address_of_the_web_is_shown_and_not_linked(url):
    if not url.startswith("/\\"):
        assert "href" not in to_html(f"[x]({url})")
    assert safe_url(url) == ""


def test_an_empty_address_is_no_link():
    assert "href" not in to_html("[x]() ![y]()")


def test_an_image_is_a_link_and_never_loaded():
    assert (
        to_html("![chart](https://a.example/c.png)")
        == '<p><a href="https://a.example/c.png" rel="noopener">chart</a></p>\n'
    )
    assert to_text("![chart](https://a.example/c.png)") == "chart (https://a.example/c.png)\n"


def test_a_link_on_this_site_is_absolute_where_the_site_is_known(settings):
    settings.TOCSIN = {"BASE_URL": "https://shop.example"}
    assert 'href="https://shop.example/invoices/42"' in to_html("[i](/invoices/42)")
    assert to_text("[i](/invoices/42)") == "i (https://shop.example/invoices/42)\n"
    assert safe_url("/invoices/42") == "https://shop.example/invoices/42"
    settings.TOCSIN = {}
    assert 'href="/invoices/42"' in to_html("[i](/invoices/42)")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("", "\n"),
        ("plain", "plain\n"),
        (
            "# Title\n\nSome **bold**, *soft* and `code`.\nNext line.",
            "Title\n\nSome bold, soft and code.\nNext line.\n",
        ),
        (
            "[label](https://a.example), <https://a.example>, <ana@example.org>",
            "label (https://a.example), https://a.example, ana@example.org\n",
        ),
        ("- a\n- b\n  - c\n\npara", "- a\n- b\n  - c\n\npara\n"),
        ("3. c\n4. d\n   more", "3. c\n4. d\n   more\n"),
        ("1. a\n\n   b\n\n2. c", "1. a\n\n   b\n\n2. c\n"),
        ("> q\n>\n> r\n\ns", "> q\n>\n> r\n\ns\n"),
        ("```\nx = 1\n\n  y\n```\nz", "    x = 1\n\n      y\n\nz\n"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n" + "-" * 40 + "\n1 | 2\n"),
        ("a\n\n---\n\nb", "a\n\n" + "-" * 40 + "\n\nb\n"),
        ("-\n- x", "-\n- x\n"),
        ("- > q", "-\n  > q\n"),
        ("1\\. no list \\*star\\*", "1. no list *star*\n"),
        ("&amp; &lt;b&gt;", "& <b>\n"),
        ("[x]() ![y]() [](https://a.example)", "x y https://a.example\n"),
    ],
)
def test_text_of_what_authors_write(written, text):
    assert to_text(written) == text


@pytest.mark.parametrize(
    "written",
    [
        "[" * 100_000,
        "*" * 100_000,
        ">" * 100_000,
        "> " * 16_000 + "end",
        "- " * 16_000 + "end",
        "`" * 30_000,
        "![" * 16_000,
        "[a](" * 8_000,
        "*a **b " * 4_000,
        "|" * 30_000,
        "<" * 30_000,
        "\\" * 30_000,
        "a\n" * 16_000,
        "&" * 30_000,
    ],
)
def test_hostile_input_ends_and_loses_nothing(written):
    """Against a cap: the time of each grows with its length and not with its square (see the docs)."""
    html, text = to_html(written), to_text(written)
    assert_harmless(html)
    if "end" in written:
        assert "end" in Tags(html).text
        assert "end" in text


def test_what_is_too_long_for_markdown_is_shown_as_it_is_written():
    written = "**x** <b>\r\n" * MARKDOWN_CHARACTERS
    assert to_text(written) == written.replace("\r\n", "\n")
    assert to_html(written).startswith("<pre>**x** &lt;b&gt;\n")


def test_long_bodies_are_not_kept_in_memory():
    _remembered.cache_clear()
    to_html("x" * (CACHED_CHARACTERS + 1))
    assert _remembered.cache_info().currsize == 0
    to_html("x")
    to_text("x")
    assert _remembered.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("given_text", "line"),
    [("a\r\nb", "a b"), (" a\t\tb\x00c ", "a b c"), ("a\u2028b\x85c", "a b c"), ("", "")],
)
def test_one_line(given_text, line):
    assert one_line(given_text) == line
