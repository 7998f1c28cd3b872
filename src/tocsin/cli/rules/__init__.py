"""`tocsin rules`: who else hears of what, kept one by one or as a file."""
