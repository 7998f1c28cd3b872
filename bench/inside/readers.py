"""The readers whose inboxes are measured: known to the row, which has no Django, and to the process that has."""

STATES = ("half read", "all unread", "all read", "all dismissed")


def name_of(state: str, size: int) -> str:
    """The name of the reader who has `size` items in this state."""
    return f"{state} {size}"
