"""Installed packages that offer channels, made of a module and its metadata in a folder of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAGER = """
from tocsin.channels.base import Channel, Sent

class Pager(Channel):
    slug = {slug!r}
    label = "Pager"

    def send(self, message):
        return Sent()
"""


def install(folder: Path, name: str, points: dict[str, str], **modules: str) -> Path:
    """Write `name` 1.0 with these entry points (slug → module:Class) and modules (name → code)."""
    meta = folder / f"{name}-1.0.dist-info"
    meta.mkdir(parents=True)
    (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{slug} = {value}\n" for slug, value in points.items())
    (meta / "entry_points.txt").write_text(f"[tocsin.channels]\n{lines}")
    for module, code in modules.items():
        (folder / f"{module}.py").write_text(code)
    return folder
