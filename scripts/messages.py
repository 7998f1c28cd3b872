"""Keeps the message catalogues at what the code says: `python scripts/messages.py` adds what is new and drops what
is gone; with `--check` it changes nothing, and fails where something is missing, untranslated or broken.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.configure(USE_I18N=True)  # as much of Django as reading a template takes
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tocsin"
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "_t", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
}
TRANSIENT = re.compile(
    r'(?m)^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|'
    r'Generated-By): .*"\n'
)
COMMENT = """# The words of tocsin's pages, messages and command line.
# This file is distributed under the same license as tocsin."""


def main(*, check: bool) -> int:
    """Bring every catalogue up to date, or say what it lacks; how many have a fault."""
    faults = 0
    for path in sorted(PACKAGE.glob("locale/*/LC_MESSAGES/django.po")):
        said = list(_faults(path)) if check else _update(path)
        faults += bool(said)
        for one in said[:20]:
            sys.stderr.write(f"{path.relative_to(ROOT)}: {one}\n")
        if len(said) > 20:
            sys.stderr.write(f"… and {len(said) - 20} more\n")
    return faults if check else 0


def wanted() -> Catalog:
    """All that is to be translated, with where it stands."""
    found = Catalog(project="tocsin", header_comment=COMMENT)
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.txt")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            text = re.sub(
                r"(?m)^[ \t]+", "", templatize(text)
            )  # what is left reads like Python, but for indentation
        for number, message, _comments, context in extract("python", io.BytesIO(text.encode()), KEYWORDS):
            place = [(path.relative_to(ROOT).as_posix(), number)]
            found.add(message, None, place, context=context)
    return found


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def _update(path: Path) -> list[str]:
    kept = _read(path)
    kept.update(wanted(), no_fuzzy_matching=True)
    kept.header_comment, kept.obsolete = COMMENT, {}
    write(path, kept)
    return [f"{sum(not _is_told(one) for one in kept if one.id)} to translate"]


def write(path: Path, catalogue: Catalog) -> None:
    """The catalogue without what changes by itself, so that a difference is one of words."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    path.write_text(TRANSIENT.sub("", buffer.getvalue().decode()), encoding="utf-8")


def _faults(path: Path) -> Iterator[str]:
    kept = _read(path)
    known = {(one.id, one.context): one for one in kept if one.id}
    for one in wanted():
        if not one.id:
            continue
        told = known.get((one.id, one.context))
        if told is None or not _is_told(told):
            yield f"{one.id!r} is not translated. Run `make messages` and fill it in."
    for one in known.values():
        if one.fuzzy:
            yield f"{one.id!r} is marked fuzzy: look at it and take the mark away."
        for error in one.check(kept):
            yield f"{one.id!r}: {error}"


def _is_told(message: Any) -> bool:
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(texts)


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv))
