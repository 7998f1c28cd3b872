"""The ledger pages: how it goes, what happened, one event's story, and the deliveries that need someone."""
