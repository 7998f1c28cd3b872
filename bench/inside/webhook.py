"""Webhooks: from due deliveries to recorded `sent`, the channel with the HTTP seam alone, and a bare pycurl loop."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pycurl
from django.contrib.auth.models import User

from bench.inside import messages, people
from tocsin.channels.webhook import WebhookChannel
from tocsin.channels.webhook.signing import make_secret
from tocsin.recipients import secrets
from tocsin.recipients.models import Destination

SLOTS = 50
CURLS = {"host", "content-length", "connection", "accept-encoding"}
"""Headers that curl and wrk write themselves."""


def prepare(count: int, urls: list[str]) -> None:
    """People with a webhook each; all use one of `urls`, which differ by host."""
    people.fill(count)
    sealed = [secrets.seal({"url": url, "secret": make_secret()}) for url in urls]
    rows = [
        Destination(
            user_id=pk, channel="webhook", label=f"w{pk}", identity=f"w{pk}", secrets=sealed[pk % len(urls)]
        )
        for pk in User.objects.values_list("pk", flat=True)
    ]
    Destination.objects.bulk_create(rows, people.BATCH)
    people.settle()


def tocsin(count: int) -> float:
    """All deliveries of one event, which is planned before; requests per second."""
    people.clear()
    people.announce("webhook")
    people.plan()
    return count / people.deliver("webhook", count, WebhookChannel.batch_size)


def alone(count: int, urls: list[str]) -> float:
    """The channel and the seam without the ledger; requests per second."""
    targets = [{"url": url, "secret": make_secret()} for url in urls]
    made = messages.made(count, lambda number: targets[number % len(urls)])
    return count / messages.send_all(WebhookChannel(), made)


def sample() -> dict[str, Any]:
    """One request as the channel sends it: its body, and its headers by name."""
    seen: list[tuple[str, dict[str, str]]] = []

    class Catcher(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            seen.append((body, dict(self.headers.items())))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Catcher) as server:
        Thread(target=server.handle_request, daemon=True).start()
        alone(1, [f"http://127.0.0.1:{server.server_port}/"])
    body, headers = seen[0]
    return {
        "body": body,
        "headers": {name: text for name, text in headers.items() if name.lower() not in CURLS},
    }


def bare(count: int, url: str, body: str, headers: dict[str, str]) -> float:
    """pycurl's multi interface with SLOTS handles and nothing around it; requests per second."""
    multi = pycurl.CurlMulti()
    handles = [_handle(url, body.encode(), headers) for _ in range(SLOTS)]
    left, done = count, 0

    def start(handle: pycurl.Curl) -> None:
        nonlocal left
        if left:
            left -= 1
            multi.add_handle(handle)

    def work() -> None:
        nonlocal done
        for handle in handles:
            start(handle)
        while done < count:
            multi.perform()
            _, fine, failed = multi.info_read()
            assert not failed, failed
            for handle in fine:
                done += handle.getinfo(pycurl.RESPONSE_CODE) == 200
                multi.remove_handle(handle)
                start(handle)
            if not fine:
                multi.select(0.01)

    spent = people.seconds(work)
    for handle in handles:
        handle.close()
    multi.close()
    return count / spent


def _handle(url: str, body: bytes, headers: dict[str, str]) -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.POST, 1)
    handle.setopt(pycurl.POSTFIELDS, body)
    handle.setopt(pycurl.HTTPHEADER, ["Expect:", *(f"{name}: {value}" for name, value in headers.items())])
    handle.setopt(pycurl.WRITEFUNCTION, len)
    return handle
