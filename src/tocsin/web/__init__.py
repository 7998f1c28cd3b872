"""The pages: a person's inbox, and the ledger for those who look after it."""
