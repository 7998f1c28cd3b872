"""Packages that a channel needs and that not everybody has installed."""

from __future__ import annotations

from importlib.util import find_spec


def need(package: str) -> None:
    """See that `package` is there without loading it, which takes longer than all of the channel.

    Raises `ModuleNotFoundError`, as the import would.
    """
    if find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
