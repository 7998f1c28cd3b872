"""What happens beside the browser: in other processes, which have tocsin on the database of the site.

The browser's event loop runs in the thread of the tests, where Django refuses to use a database.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.cli.shell import Shell
from tests.warm import Warm

if TYPE_CHECKING:
    from pathlib import Path

LOADED = """
import django, django.contrib.auth, django.test.client, tocsin
django.setup()
from tocsin.channels import registry
registry.channels()
"""
SIGNED_IN = """[
    client := django.test.client.Client(),
    client.force_login(django.contrib.auth.get_user_model().objects.get(username=given)),
    client.cookies["tocsin_session"].value,
][2]"""


@cache
def loaded(home: Path) -> Warm:
    """A Python that has loaded tocsin, to work on the database of this home."""
    return Warm(_environment(Shell(home)), LOADED, home)


def _environment(shell: Shell) -> dict[str, str]:
    return shell.environment | {"DJANGO_SETTINGS_MODULE": "tocsin.server.settings"}


def run(shell: Shell, expression: str, given: Any) -> str:
    """Evaluate an expression in a process of its own, with `given` in it; what it printed."""
    program = (
        "import django.contrib.auth, django.test.client, json, sys, tocsin; "
        f"given = json.load(sys.stdin); print({expression})"
    )
    done = loaded(shell.home).run(
        ["-c", program], env=_environment(shell), cwd=shell.home, given=json.dumps(given).encode()
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def session_of(shell: Shell, name: str) -> dict[str, str]:
    """The cookie of somebody who has signed in."""
    return {"name": "tocsin_session", "value": run(shell, SIGNED_IN, name)}
