"""The ledger: planning who gets what, claiming, sending, recording, and telling the story of it."""
