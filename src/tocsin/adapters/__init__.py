"""Adapters: what was written for Argus, uwsgi-taskmanager, enDI and Sentry runs here as it is.

None of them is imported unless `TOCSIN["ADAPTERS"]` names it. An adapter is a package with `SERVED`, the modules that
such code imports and who stands in for them, and with `install`.
"""

from __future__ import annotations

from importlib import import_module

from tocsin import conf, values
from tocsin.adapters import finder
from tocsin.channels import registry

__all__ = ["install", "prepare"]


def prepare() -> None:
    """Serve the modules, before the project's own are imported that import them."""
    for name in conf.get("ADAPTERS"):
        if name in values.ADAPTERS:  # any other is told by the system checks
            finder.serve(import_module(f"tocsin.adapters.{name}").SERVED)


def install() -> None:
    """Connect the adapters, when all apps are loaded."""
    for name in conf.get("ADAPTERS"):
        if name in values.ADAPTERS:
            import_module(f"tocsin.adapters.{name}").install()
    registry.forget()
