"""The channels with a reading side: bell, banner and modal."""
