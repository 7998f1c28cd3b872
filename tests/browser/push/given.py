"""What the tests of notifications on a device look at, in the database and in the browser."""

from __future__ import annotations

from tests.browser.conftest import run

NAME = "['Chrome on Linux']"
SUBSCRIPTION = "localStorage.getItem('subscribed')"
HOSTILE = {
    "v": 1, "title": "<b>x</b>", "body": "<img src=x onerror=alert(1)>", "url": "javascript:alert(1)", "level": "mad",
    "links": [{"title": "A", "url": "https://example.org/a"}, {"title": "B", "url": "data:text/html,x"}, 7],
    "action": 5, "tag": None, "at": "never", "more": "many", "lang": None,
}  # fmt: skip
MODELS = "__import__('tocsin.models', fromlist=['x'])"
ROWS = f"{MODELS}.Destination.objects.filter(user__username=given, channel='webpush')"


def destinations(shell, name):
    """The labels of somebody's destinations for push, "-" before those that are not in use."""
    return run(shell, f"[('-' if one.disabled_at else '') + one.label for one in {ROWS}]", name)
