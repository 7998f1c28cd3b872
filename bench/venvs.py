"""The peers, each in a virtual environment of its own under bench/.venvs, and how to run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.results import Missing

HERE = Path(__file__).parent
PINS = {
    "notifications_hq": ("django-notifications-hq==1.8.3", "Django==5.0.14", "setuptools==80.9.0",
                         "psycopg[binary]==3.3.9"),
    "apprise_json": ("apprise==2.2.0",),
    "argus_server": ("argus-server==2.10.2", "psycopg[binary]==3.3.8"),
    "celery_noop": ("celery[redis]==5.7.0", "redis==8.1.0"),
    "procrastinate_noop": ("procrastinate==3.10.0", "psycopg[binary]==3.3.9"),
    "django_tasks_db_noop": ("django-tasks-db==0.13.0", "Django==6.1.3", "psycopg[binary]==3.3.9"),
}  # fmt: skip
NEWEST = {"notifications_hq": (3, 12), "argus_server": (3, 12)}
"""The newest Python that a peer runs on, where it is not the newest there is."""


def run_peer(name: str, *arguments: object, of: str = "") -> dict[str, Any]:
    """Run bench/peers/NAME.py in its environment (or that `of` another); it prints one JSON object: the answer."""
    command = [
        python_of(of or name),
        "-W",
        "ignore",
        str(HERE / "peers" / f"{name}.py"),
        *map(str, arguments),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def python_of(name: str) -> str:
    """The interpreter of a peer; its environment is made when it is not there, or was made of other pins."""
    folder = HERE / ".venvs" / name
    python, stamp = folder / "bin" / "python", folder / ".pins"
    pins = "\n".join(PINS[name])
    if not stamp.exists() or stamp.read_text() != pins:
        print(f"bench: makes the virtual environment of {name}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([_interpreter(name), "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
                        *PINS[name]], check=True, stderr=subprocess.DEVNULL)  # fmt: skip
        stamp.write_text(pins)
    return str(python)


def _interpreter(name: str) -> str:
    newest = NEWEST.get(name, (3, 99))
    if sys.version_info[:2] <= newest:
        return sys.executable
    for minor in range(newest[1], 10, -1):
        found = shutil.which(f"python3.{minor}")
        if found and _makes_venvs(found):
            return found
    raise Missing(f"the peer of this row needs Python 3.11 or 3.12: apt-get install python3.{newest[1]}-venv")


def _makes_venvs(python: str) -> bool:
    test = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return test.returncode == os.EX_OK
