"""What chat channels show of an event, before each writes it in its own dialect."""
