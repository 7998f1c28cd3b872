"""Promises about `render`: what previews show, without sending."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tocsin.channels.base import Rendered
from tocsin.testing.contract.author import Author, mark, promise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from tocsin.channels.base import Channel, Message
    from tocsin.testing.far_side import FarSide

SCHEMES = ("http:", "https:", "mailto:")


class RenderPromises(Author):
    """A preview costs nothing, and harms nobody."""

    def test_render_touches_no_network(
        self, far: FarSide, channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`render` opens no connection and looks no name up: previews call it at will."""
        message = self.message(far)
        with _watched(monkeypatch) as touched:
            channel.render(message)
        promise(
            not touched and not far.payloads(),
            f"render() used the network ({', '.join(touched) or 'a message arrived'}): do in send() what needs it.",
        )

    def test_render_says_the_same_each_time(self, far: FarSide, channel: Channel) -> None:
        """One message is rendered to one text, which shows the title of its event."""
        message = self.message(far)
        first, second = self._rendered(channel, message), self._rendered(channel, message)
        promise(first == second, "render() gave two texts for one message: leave time and chance out of it.")
        promise(
            mark(1) in first.subject + first.text,
            "render() shows the event's title neither in the subject nor in the text.",
        )

    def test_html_is_sanitised(self, far: FarSide, channel: Channel) -> None:
        """The HTML that `render` makes holds no script, no handler and no link but to http, https and mailto."""
        harm = "<script>x</script><img src=x onerror=x> [x](javascript:x) <a href='data:x'>x</a>"
        message = self.message(
            far,
            title=harm,
            body=harm,
            actor=harm,
            about=harm,
            url="javascript:alert(1)",
            actions=({"label": harm, "url": "javascript:alert(1)"},),
        )
        tags = _Tags()
        tags.feed(self._rendered(channel, message).html)
        promise(
            not tags.harmful,
            f"render() made {tags.harmful}: escape, and use channels.text.to_html and safe_url.",
        )

    def _rendered(self, channel: Channel, message: Message) -> Rendered:
        rendered = channel.render(message)
        promise(isinstance(rendered, Rendered), f"render() gave {rendered!r}: return a Rendered.")
        return rendered


class _Tags(HTMLParser):
    """The tags of HTML that could do harm."""

    def __init__(self) -> None:
        super().__init__()
        self.harmful: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        urls = [(value or "").strip().lower() for name, value in attrs if name in ("href", "src", "action")]
        names = {name for name, _ in attrs}
        if (
            tag in ("script", "iframe", "object", "embed", "form", "base")
            or "http-equiv" in names
            or any(name.startswith("on") for name in names)
            or any(":" in url.split("/")[0] and not url.startswith(SCHEMES) for url in urls)
        ):
            self.harmful.append(self.get_starttag_text() or tag)


class _Touched(OSError):
    """Somebody used the network who must not."""


@contextmanager
def _watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuse every use of the network by Python code in this block, and remember it."""
    touched: list[str] = []

    def refuse(name: str) -> Callable[..., object]:
        def refused(*args: object, **kwargs: object) -> object:
            touched.append(name)
            raise _Touched(f"{name} is not for render()")

        return refused

    with monkeypatch.context() as patched, suppress(_Touched):
        for name in ("connect", "connect_ex", "sendto"):
            patched.setattr(socket.socket, name, refuse(f"socket.{name}"))
        for name in ("getaddrinfo", "create_connection"):
            patched.setattr(socket, name, refuse(name))
        yield touched
