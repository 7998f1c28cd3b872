"""Compiles the message catalogues when the package is built: Django reads `.mo`, people write `.po`.

By hand, in a checkout: `python hatch_build.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent
CATALOGUES = "src/tocsin/locale/*/LC_MESSAGES/django.po"


class Catalogues(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it collects the files of a wheel, also of an editable one."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["artifacts"] += [made.relative_to(ROOT).as_posix() for made in compile_all()]


def compile_all() -> Iterator[Path]:
    """Each catalogue's `.mo`, written beside it."""
    for source in sorted(ROOT.glob(CATALOGUES)):
        made = source.with_suffix(".mo")
        with source.open("rb") as read, made.open("wb") as written:
            write_mo(written, read_po(read, locale=source.parts[-3]))
        yield made


if __name__ == "__main__":
    for made in compile_all():
        print(made.relative_to(ROOT))  # noqa: T201
