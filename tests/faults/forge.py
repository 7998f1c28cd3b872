"""A process with Django loaded that forks the rig's processes, so that fifty workers cost one start-up.

It reads one JSON line per order and answers with one: {"start": role, …} with the pid of the process that
plays the role, {"call": role, …} with what the role returned.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from typing import Any

from django.db import connections

PR_SET_PDEATHSIG = 1


def main() -> None:
    import django

    django.setup()
    from tests.faults import roles
    from tocsin.channels import registry
    from tocsin.engines import worker  # noqa: F401

    registry.channels()  # what each worker would load for itself
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    for line in sys.stdin:
        order = json.loads(line)
        name = order.pop("start", None)
        if name is not None:
            answer: Any = _fork(roles.ROLES[name], order)
        else:
            answer = _call(roles.ROLES[order.pop("call")], order)
        print(json.dumps(answer), flush=True)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _fork(role: Any, arguments: dict[str, Any], answer_to: int | None = None) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(2, 1)
        made = role(**arguments)
        connections.close_all()
        if answer_to is not None:
            os.write(answer_to, json.dumps({"result": made}).encode())
        code = 0
    except BaseException:
        traceback.print_exc()
        if answer_to is not None:
            os.write(answer_to, json.dumps({"error": traceback.format_exc()[-3000:]}).encode())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _call(role: Any, arguments: dict[str, Any]) -> Any:
    read, write = os.pipe()
    _fork(role, arguments, write)
    os.close(write)
    with os.fdopen(read) as stream:
        said = stream.read()
    return json.loads(said) if said else {"error": "it died"}


if __name__ == "__main__":
    main()
