"""What runs in a process of its own with Django and tocsin: one module per row, its functions called by name."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import Any, Self


class Inside:
    """A process with one of these modules: `inside.call("deliver")` runs its function and returns the answer."""

    def __init__(self, row: str, database: str, **environment: object) -> None:
        given = {name: str(value) for name, value in environment.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.inside", row],
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "bench.settings", "BENCH_DATABASE": database} | given,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=30)

    def call(self, function: str, **arguments: Any) -> Any:
        """Raises RuntimeError if the function did; its traceback is on stderr."""
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps([function, arguments]) + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{function} failed")
        return json.loads(answer)
