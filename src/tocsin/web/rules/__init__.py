"""Rules as people build them: a form for all of a rule, and beside it who would be told."""
