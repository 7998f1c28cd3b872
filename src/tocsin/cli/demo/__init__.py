"""`tocsin demo`: all of it at work on one machine, for a first look and as a check that it works."""
