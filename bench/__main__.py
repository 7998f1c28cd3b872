"""Runs the rows that were asked for, prints each, and writes the full ones into RESULTS.md."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys

from bench import results
from bench.results import FULL, QUICK, ROWS, Missing


def main() -> int:
    """Exit code 0 if every row was measured, 1 if one was left out for want of a program."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"{', '.join(ROWS)} (all of them)")
    parser.add_argument("--quick", action="store_true", help="small counts, two rounds; nothing is written")
    given = parser.parse_args()
    if unknown := set(given.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}. There are: {', '.join(ROWS)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    left_out = 0
    for name in given.rows or ROWS:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            section = importlib.import_module(f"bench.rows.{name}").run(QUICK if given.quick else FULL)
        except Missing as missing:
            left_out += 1
            print(f"bench: {name} is left out: {missing}", file=sys.stderr)
            continue
        print(results.render(section), flush=True)
        if not given.quick:
            results.write(section)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
