"""The Python of `tests/warm.py`: reads orders from a socket, and forks for each of them.

An order is the arguments, environment and folder of a process, with its stdin, stdout and stderr and a socket on
which its number and a descriptor of it are told when it starts, and its exit code when it has ended.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGES = (
    "asyncio",
    "click",
    "cryptography.fernet",
    "dateutil.rrule",
    "django.contrib.auth.hashers",
    "django.contrib.messages.storage.base",
    "django.contrib.staticfiles.finders",
    "django.core.mail.backends.smtp",
    "django.core.management.commands.migrate",
    "django.core.serializers.json",
    "django.db.backends.postgresql.psycopg_any",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.db.models.sql.compiler",
    "django.forms",
    "django.middleware.csrf",
    "django.template.loader",
    "django.urls",
    "django.utils.translation.reloader",
    "django.views.generic",
    "logging.config",
    "markdown_it",
    "nh3",
    "pycurl",
    "pydantic",
    "rich.console",
    "standardwebhooks",
    "tomllib",
    "uvicorn",
)
"""What commands import, and what needs no settings."""


def main() -> None:
    """Serve until nobody can order any more; in a forked process, do what was ordered."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    for name in PACKAGES:
        import_module(name)
    exec(sys.argv[2], {})
    gc.freeze()
    order = _next(orders)
    if order is not None:
        _become(**order)


def _next(orders: socket.socket) -> dict[str, Any] | None:
    """The order to carry out, in a process of its own; None in the one that read them, at the end."""
    children: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for ready in select.select([orders, *children], [], [])[0]:
            if ready is not orders:
                pid, ended = children.pop(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with ended, contextlib.suppress(BrokenPipeError):  # whoever ordered it has ended
                    ended.send(str(code).encode())
                os.close(ready)
                continue
            said, files, _, _ = socket.recv_fds(orders, 1 << 20, 4)
            if not said:
                return None
            if not (pid := os.fork()):
                for file in (orders, *(ended for _, ended in children.values())):
                    file.close()  # by the object: one that is collected later would close whoever has its number
                for descriptor in children:
                    os.close(descriptor)
                return {**json.loads(said), "files": files}
            ended = socket.socket(fileno=files.pop())
            for descriptor in files:
                os.close(descriptor)
            process = os.pidfd_open(pid)
            children[process] = (pid, ended)
            socket.send_fds(ended, [str(pid).encode()], [process])


def _become(arguments: list[str], env: dict[str, str], cwd: str, files: list[int]) -> None:
    """What `python ARGUMENTS` does. Returns to the end of the program, so that the process ends as any other."""
    *standard, ended = files
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.close(ended)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    ways = [way for way in env.get("PYTHONPATH", "").split(os.pathsep) if way]
    sys.path[:] = ways + [way for way in sys.path if way not in ways]
    first, *rest = arguments
    if first == "-c":
        sys.argv, sys.path[:0] = ["-c", *rest[1:]], [""]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    elif first == "-m":
        sys.argv, sys.path[:0] = ["-m", *rest[1:]], [cwd]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[:0] = [first, *rest], [str(Path(first).parent)]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
