"""The files of the project as the house tests see them: what git keeps, or would keep."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files(*suffixes: str, under: str = "") -> list[Path]:
    """Files below `under` with one of these suffixes; all of them if none is given."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", under or "."],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    found = sorted({ROOT / name for name in listed if name})
    return [path for path in found if path.is_file() and (not suffixes or path.suffix in suffixes)]


def modules(under: str = "") -> list[Path]:
    """Python files, but for migrations, which Django writes."""
    return [path for path in files(".py", under=under) if "migrations" not in path.parts]


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


def name(path: Path) -> str:
    """The path as a person would say it."""
    return str(path.relative_to(ROOT))
