"""Debian's prometheus-alertmanager on free ports of loopback, stopped by its pid."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "prometheus-alertmanager"
CONFIG = """
route:
  receiver: tocsin
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: tocsin
    webhook_configs:
      - url: {url}
        send_resolved: true
        http_config: {{authorization: {{credentials: {token}}}}}
"""


class Alertmanager:
    """One that tells a webhook of its alerts."""

    def __init__(self, address: str) -> None:
        self.address = address

    def alert(self, **alert: Any) -> None:
        """Post an alert, as Prometheus does."""
        request = urllib.request.Request(
            f"{self.address}/api/v2/alerts",
            json.dumps([alert]).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()


@contextlib.contextmanager
def alertmanager(folder: Path, url: str, token: str) -> Iterator[Alertmanager]:
    """Start it, with one route to `url`."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed")
    (folder / "config.yml").write_text(CONFIG.format(url=url, token=token))
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, f"--config.file={folder}/config.yml", f"--storage.path={folder}/data",
         f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/-/ready", timeout=5).close()
                break
            time.sleep(0.05)
        yield Alertmanager(address)
    finally:
        process.terminate()
        process.wait(30)
