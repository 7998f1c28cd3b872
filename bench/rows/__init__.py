"""One module per row: starts its servers, lets tocsin, limit and peers take turns, and says what came out."""
