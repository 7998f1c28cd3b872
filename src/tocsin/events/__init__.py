"""What happened: the event row, the registry of its types, and the door it comes in by."""
