"""Where events come from: each source turns foreign input into what accept takes, and nothing else."""
