"""The rig: submitters, sinks, a nemesis that kills, stops and starves real processes, and a checker."""
