"""The foreign project as the tests drive it: only by its command line and over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.postgres import free_port
from tests.warm import warm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.warm import Process

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
PATIENCE = 60.0


class Project:
    """`manage.py` of the shop, on one database and one mail relay."""

    def __init__(self, database: str, mail_port: int = 1, engine: str = "inline") -> None:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("DJANGO_", "TOCSIN_", "PYTEST"))}
        self.environment = kept | {
            "HOST_DATABASE": database,
            "HOST_MAIL": str(mail_port),
            "HOST_ENGINE": engine,
            "PYTHONPATH": str(SOURCE),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def command(self, *arguments: str) -> list[str]:
        return [str(HERE / "manage.py"), *arguments]

    def try_manage(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `manage.py …` whatever comes of it."""
        done = warm().run(self.command(*arguments), env=self.environment, cwd=HERE, given=stdin.encode())
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run `manage.py …`; what it printed. Fails unless it ended with 0."""
        done = self.try_manage(*arguments, stdin=stdin)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def tocsin(self, *arguments: str, stdin: str = "") -> str:
        return self.manage("tocsin", *arguments, stdin=stdin)

    def tocsin_json(self, *arguments: str) -> Any:
        return json.loads(self.tocsin(*arguments, "--json"))

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v", "0", "-c", code)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Process]:
        """A long-running `manage.py …`, ended in an orderly way."""
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with warm().start(self.command(*arguments), self.environment, HERE, **silent) as process:
            yield process
            process.terminate()
            process.wait(PATIENCE)

    @contextmanager
    def site(self) -> Iterator[str]:
        """The shop's web server; its address without a slash at the end."""
        port = free_port()
        with self.running("runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"):
            address = f"http://127.0.0.1:{port}"
            eventually(lambda: _answers(f"{address}/door/"))
            yield address


def sign_in(site: str, email: str, password: str, door: str = "/door/") -> requests.Session:
    """A browser of sorts, through the site's own door."""
    session = requests.Session()
    page = session.get(site + door, timeout=PATIENCE)
    hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert hidden
    form = {"username": email, "password": password, "csrfmiddlewaretoken": hidden[1]}
    done = session.post(site + door, form, allow_redirects=False, timeout=PATIENCE)
    assert done.status_code == 302, done.text
    return session


def eventually(condition: Any) -> Any:
    """Ask until the answer is true, for a while; the answer."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
    return answer


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=PATIENCE).ok
    except requests.ConnectionError:
        return False
