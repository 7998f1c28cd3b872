"""A site of somebody else, with tocsin's element in its page: plain HTML on a port, and so an origin, of its own."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tocsin.testing.http_far_side import EndsAtOnce

if TYPE_CHECKING:
    from tests.browser.visitor import Site

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
<script type="module" src="{site}/static/tocsin/inbox.js"></script>
<script>
  window.asked = 0;
  document.addEventListener("tocsin-token", (event) => {{
    window.asked += 1;
    if ({next!r}) event.detail.use(Promise.resolve({next!r}));
  }});
</script>
<tocsin-inbox api="{site}/api/v1/" token="{token}" page="{site}/inbox/"></tocsin-inbox>"""


class _Server(EndsAtOnce, ThreadingHTTPServer):
    """Serves each request in a thread of its own."""


class OtherSite:
    """`with OtherSite() as shop: shop.show(site, token)`; every path is that one page."""

    def __init__(self) -> None:
        self.page = b""
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def show(self, site: Site, token: str, then: str = "") -> None:
        """Have the element ask `site` with `token`, and give it the token `then` when it asks for another."""
        self.page = PAGE.format(site=site.url, token=token, next=then).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(other.page)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
