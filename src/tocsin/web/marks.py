"""The small drawings of levels and states: each has a shape of its own, so that colour is never the only sign."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe

SHAPES = {
    "info": '<circle cx="8" cy="8" r="7"/><path class="cut" d="M8 7.2v4.2M8 4.4v.6"/>',
    "warning": '<path d="M8 1.2 15.4 14.4H.6Z"/><path class="cut" d="M8 6v4M8 12v.5"/>',
    "error": '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z"/><path class="cut" d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8"/>',
    "critical": '<rect x="1" y="1" width="14" height="14" rx="2"/>'
                '<path class="cut" d="M5.6 4v5M5.6 11.4v.6M10.4 4v5M10.4 11.4v.6"/>',
    "sent": '<path class="line" d="m2.5 8.5 3.6 3.8 7.4-8.4"/>',
    "pending": '<circle class="line" cx="8" cy="8" r="5.5"/><path class="line" d="M8 4.8V8l2.2 1.6"/>',
    "sending": '<path class="line" d="M2 8h11M9 3.6 13.4 8 9 12.4"/>',
    "retrying": '<path class="line" d="M13.2 6.4A5.5 5.5 0 1 0 13.4 9.4M13.6 2.6v4H9.7"/>',
    "deferred": '<path class="line" d="M12.6 10.2A5.8 5.8 0 0 1 5.8 3.4a5.3 5.3 0 1 0 6.8 6.8Z"/>',
    "merged": '<path class="line" d="M3 3.5c4 0 3 4.5 6 4.5M3 12.5c4 0 3-4.5 6-4.5h4.5M11 5.5 13.5 8 11 10.5"/>',
    "dead": '<path class="line" d="m3.5 3.5 9 9m0-9-9 9"/>',
    "skipped": '<path class="line" d="M2.5 8h11"/>',
    "cancelled": '<circle class="line" cx="8" cy="8" r="5.5"/><path class="line" d="m4.2 4.2 7.6 7.6"/>',
    "expired": '<path class="line" d="M4 2.5h8M4 13.5h8M5 3c0 3 6 7 6 10M11 3c0 3-6 7-6 10"/>',
    "paused": '<path class="line" d="M5.5 3v10M10.5 3v10"/>',
    "accepted": '<path class="line" d="M8 2v8M4.6 7 8 10.4 11.4 7M2.5 13.5h11"/>',
    "rules": '<path class="line" d="M2.5 4h11M4.5 8h7M6.5 12h3"/>',
    "planned": '<path class="line" d="M3 8h3m0 0 5-5m-5 5 5 5M6 8h7"/>',
}  # fmt: skip


def shape(name: str) -> SafeString:
    """The drawing called `name`, as SVG; an empty one where there is none."""
    drawn = SHAPES.get(name, "")
    return mark_safe(f'<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">{drawn}</svg>')  # noqa: S308 (ours)
