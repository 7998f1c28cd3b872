"""Switching adapters on, as a project's settings do."""

from __future__ import annotations

import pytest

from tests.adapters.sentry_world import acme, ask, audit, sentry  # noqa: F401 (fixtures)
from tocsin import adapters


@pytest.fixture
def switch_on(settings):
    """Names the adapters in the settings, with what else the settings hold, and has them installed."""

    def switch(*names: str, tocsin: dict | None = None, **others: object) -> None:
        for name, value in others.items():
            setattr(settings, name, value)
        settings.TOCSIN = {**settings.TOCSIN, **(tocsin or {}), "ADAPTERS": list(names)}
        adapters.prepare()
        adapters.install()

    return switch
