"""Where Celery looks for tasks of an installed app: see `tocsin.engines.celery`."""

from __future__ import annotations

from tocsin.engines.celery import work

__all__ = ["work"]
