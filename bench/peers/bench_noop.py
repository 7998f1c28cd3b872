"""The task of django_tasks_db_noop: a worker finds tasks by the path of their module."""

from django.tasks import task


@task()
def noop() -> None:
    """Nothing."""
