"""My pages: what I hear of, by which addresses, when, by which rules of my own, and what comes up."""
