"""HTTP posts: from due deliveries to recorded `sent`, a channel with the HTTP seam alone, and a bare pycurl loop."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pycurl
from django.conf import settings
from django.contrib.auth.models import User
from django.test import override_settings

from bench.inside import messages, people
from tocsin.channels import registry
from tocsin.recipients import secrets
from tocsin.recipients.models import Destination

SLOTS = 50
ACCOUNTS = 8
CURLS = {"host", "content-length", "connection", "accept-encoding"}
"""Headers that curl and wrk write themselves."""
_at = {"bases": [""]}


def settings_of(channel: str, number: int) -> dict[str, Any]:
    """The settings of the destination with this number, one of ACCOUNTS accounts or receivers."""
    base = _at["bases"][number % len(_at["bases"])]
    if channel == "slack":
        return {"token": f"xoxb-1234567890-{number % ACCOUNTS:024}", "channel": "C0123456789"}
    return {"url": f"{base}hook", "secret": "whsec_" + "QUJD" * 11}


def use(bases: list[str]) -> None:
    """Post to these from now on; Slack's API is at the first of them."""
    _at["bases"] = bases
    override_settings(TOCSIN=settings.TOCSIN | {"SLACK_API_URL": f"{bases[0]}api/"}).enable()


def prepare(channel: str, count: int, bases: list[str]) -> None:
    """People with a destination each; all use one of `bases`, which differ by host."""
    use(bases)
    people.fill(count)
    sealed = [secrets.seal(settings_of(channel, number)) for number in range(ACCOUNTS)]
    rows = [
        Destination(
            user_id=pk, channel=channel, label=f"w{pk}", identity=f"w{pk}", secrets=sealed[pk % ACCOUNTS]
        )
        for pk in User.objects.values_list("pk", flat=True)
    ]
    Destination.objects.bulk_create(rows, people.BATCH)
    people.settle()


def tocsin(channel: str, count: int) -> float:
    """All deliveries of one event, which is planned before; requests per second."""
    people.clear()
    people.announce(channel)
    people.plan()
    return count / people.deliver(channel, count, registry.get(channel).batch_size)


def alone(channel: str, count: int) -> float:
    """The channel and the seam without the ledger; requests per second."""
    targets = [settings_of(channel, number) for number in range(ACCOUNTS)]
    made = messages.made(count, lambda number: targets[number % ACCOUNTS])
    return count / messages.send_all(registry.get(channel), made)


def sample(channel: str, answer: str) -> dict[str, Any]:
    """One request as the channel sends it: its path, its body, and its headers by name."""
    seen: list[tuple[str, str, dict[str, str]]] = []

    class Catcher(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            seen.append((self.path, body, dict(self.headers.items())))
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    bases = _at["bases"]
    with HTTPServer(("127.0.0.1", 0), Catcher) as server:
        Thread(target=server.handle_request, daemon=True).start()
        use([f"http://127.0.0.1:{server.server_port}/"])
        alone(channel, 1)
    use(bases)
    path, body, headers = seen[0]
    return {
        "path": path,
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
