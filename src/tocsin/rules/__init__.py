"""Who else hears of an event: stored decisions, found by an index, each with its reasons."""
