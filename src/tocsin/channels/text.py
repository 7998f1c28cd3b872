"""Markdown to sanitised HTML and to readable text: what channels and the inbox show of an event's body."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tocsin import conf
from tocsin.channels.plain import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

MARKDOWN_CHARACTERS = 32_768
"""A longer body is shown as it is written: parsing costs up to 27 µs per character of hostile input."""
CACHED_CHARACTERS = 8_192
MAX_NESTING = 40
SCHEMES = {"http", "https", "mailto"}
TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_ABSOLUTE = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f\x7f\\]+", re.IGNORECASE)
_ON_THIS_SITE = re.compile(r"/(?![/\\])[^\s\x00-\x1f\x7f\\]*")


def to_html(markdown: str) -> str:
    """Sanitised HTML: links to http, https and mailto only, no images, no markup of the author's own.

    A link that begins with one slash is made absolute by `TOCSIN["BASE_URL"]`. What is too long or too deeply
    nested for Markdown is shown as it is written.
    """
    return _convert(markdown)[0]


def to_text(markdown: str) -> str:
    """Readable plain text: emphasis dropped, links as "label (url)", one newline at each line's end."""
    return _convert(markdown)[1]


def one_line(text: str) -> str:
    """`text` with every run of white space and control characters as one space."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).split())


def safe_url(url: str) -> str:
    """`url`, absolute where `BASE_URL` allows, or "" if it is none that a message may link to."""
    if _ABSOLUTE.fullmatch(url):
        return url
    return urljoin(conf.get("BASE_URL"), url) if _ON_THIS_SITE.fullmatch(url) else ""


def _convert(markdown: str) -> tuple[str, str]:
    """HTML and text. Only short bodies are remembered, so that the cache stays within a few megabytes."""
    convert = _remembered if len(markdown) <= CACHED_CHARACTERS else _parsed
    return convert(markdown, conf.get("BASE_URL"))


def _parsed(markdown: str, base_url: str) -> tuple[str, str]:
    import nh3

    if len(markdown) > MARKDOWN_CHARACTERS:
        return _as_written(markdown)
    parser = _parser()
    tokens = parser.parse(markdown)
    if any(token.nesting == 1 and token.level >= MAX_NESTING - 1 for token in tokens):
        return _as_written(markdown)  # the parser drops, without a word, what is nested more deeply
    _mend_links(tokens, base_url)
    html = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener")
    return clean, plain_text(tokens)


_remembered = lru_cache(maxsize=256)(_parsed)


def _as_written(markdown: str) -> tuple[str, str]:
    text = re.sub(r"\r\n?", "\n", markdown).rstrip() + "\n"
    return f"<pre>{escape(text)}</pre>\n", text


def _mend_links(tokens: Sequence[Token], base_url: str) -> None:
    """Make links on this site absolute, and make no link of an empty address."""
    for token in (child for block in tokens for child in block.children or ()):
        for name in ("href", "src"):
            url = str(token.attrs.get(name, "-"))
            if url.startswith("/"):
                token.attrs[name] = urljoin(base_url, url)
            elif not url:
                del token.attrs[name]


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.validateLink = _is_allowed  # type: ignore[method-assign]
    parser.add_render_rule("image", _image_as_link)
    return parser


def _is_allowed(url: str) -> bool:
    return bool(_ABSOLUTE.fullmatch(url) or _ON_THIS_SITE.fullmatch(url))


def _image_as_link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    image = tokens[index]
    label = renderer.renderInlineAsText(image.children or [], options, env)
    url = str(image.attrs.get("src", ""))
    return f'<a href="{escape(url)}">{escape(label or url)}</a>' if url else escape(label)
