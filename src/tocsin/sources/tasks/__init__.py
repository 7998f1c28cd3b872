"""Finished tasks as a source: commands, blocks of Python, management commands, Celery's and Django's tasks."""
