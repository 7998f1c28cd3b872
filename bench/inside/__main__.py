"""Reads `[function, arguments]` lines from stdin, calls the row's functions, answers each with a line of JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints does not speak in between
    django.setup()
    call_command("migrate", verbosity=0)
    row = importlib.import_module(f"bench.inside.{sys.argv[1]}")
    for line in sys.stdin:
        function, arguments = json.loads(line)
        print(json.dumps(getattr(row, function)(**arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
