"""Tasks of Django's framework, which must stand in a module."""

from django.tasks import task


@task
def fine() -> int:
    return 1


@task
def failing() -> None:
    raise ValueError("no")
