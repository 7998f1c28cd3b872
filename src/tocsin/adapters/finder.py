"""Serves modules under the names that they have in other systems, where those are not installed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType


class Finder(MetaPathFinder, Loader):
    """Asked last: a module that is installed is always the one that is imported."""

    def __init__(self) -> None:
        self._served: dict[str, str] = {}

    def serve(self, modules: Mapping[str, str]) -> None:
        """Serve these modules: foreign name → our module. Packages above them are there, and empty."""
        for name in modules:
            parts = name.split(".")
            for end in range(1, len(parts)):
                self._served.setdefault(".".join(parts[:end]), "")
        self._served.update(modules)
        if self not in sys.meta_path:
            sys.meta_path.append(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._served:
            return None
        above = any(name.startswith(f"{fullname}.") for name in self._served)
        return ModuleSpec(fullname, self, is_package=above)

    def exec_module(self, module: ModuleType) -> None:
        """Give a served module the public names of ours."""
        if ours := self._served[module.__name__]:
            source = import_module(ours)
            module.__doc__ = source.__doc__
            vars(module).update({name: getattr(source, name) for name in source.__all__})


_finder = Finder()
serve = _finder.serve
