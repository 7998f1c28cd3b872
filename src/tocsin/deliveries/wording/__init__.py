"""Other words for an event, by its type, the channel and the language: kept in versions, applied before rendering."""
