"""The desk: what an organization's administrators decide, and the record of it."""
