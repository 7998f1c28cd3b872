"""Where a run's page is."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse


def run_url(run_id: str) -> str:
    """The path of the page with a run's log; empty where this project has no pages of tocsin."""
    try:
        return reverse("tocsin:task-run", args=[run_id])
    except NoReverseMatch:
        return ""
