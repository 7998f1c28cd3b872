"""`tocsin migrate`, `serve` and `worker`: the processes."""

from __future__ import annotations

import click

from tocsin.cli.failures import Failure
from tocsin.cli.lazy import command, is_standalone
from tocsin.cli.listening import Listening, bind, url_of
from tocsin.cli.output import program

HOST, PORT = "127.0.0.1", 8000


@command("migrate", example="TOCSIN_HOME=/var/lib/tocsin tocsin migrate")
def migrate() -> None:
    """Make the tables, or bring them up to this version. Safe to run again."""
    from django.core.management import call_command

    from tocsin.tenants.organizations import implicit

    count = len(unapplied())
    call_command("migrate", *([] if is_standalone() else ["tocsin"]), interactive=False, verbosity=0)
    implicit()
    click.echo(f"{count} migrations applied." if count else "The tables are up to date.")


@command("serve", example="tocsin serve\ntocsin serve --host 0.0.0.0 --port 80")
@click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
def serve(host: str, port: int) -> None:
    """Serve the API, the inbox and the ledger. With the inline engine it also does the work."""
    from tocsin import conf
    from tocsin.cli.output import warn

    require_tables()
    bound = bind(host, port)
    try:
        server = Listening(bound)
    except ModuleNotFoundError as error:
        raise Failure(f'{error.name} is missing. Install it with: pip install "tocsin[server]"') from None
    click.echo(f"tocsin is at {conf.get('BASE_URL') or url_of(bound)}  (Ctrl-C ends it)", err=True)
    if is_standalone() and not conf.get("BASE_URL") and host not in (HOST, "localhost", "::1"):
        warn("it answers only to localhost until TOCSIN_BASE_URL says by what name it is reached.")
    server.run()


@command(
    "worker",
    example="TOCSIN_ENGINE=worker tocsin worker\n"
    "TOCSIN_ENGINE=celery TOCSIN_BROKER_URL=redis://… tocsin worker --channel email --concurrency 4",
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    help='Do the work of these channels, or of "plan", and of no other.',
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    help="With the engine celery: how many processes. As many as there are processors, where it is not given.",
)
def worker(channels: tuple[str, ...], concurrency: int | None) -> None:
    """Plan and send until SIGTERM or Ctrl-C; then finish what is in hand. Run as many as you like."""
    from tocsin import conf, engines
    from tocsin.channels import registry
    from tocsin.conf import check_slug

    require_tables()
    for channel in channels:
        check_slug("--channel", channel, (engines.PLAN, *registry.carriers()))
    work = engines.work()
    assert work is not None, "apps.ready() has handed it over"  # noqa: S101
    click.echo("The worker is running  (Ctrl-C ends it)", err=True)
    if conf.get("ENGINE") == "celery":
        from tocsin.engines.celery_worker import run

        raise SystemExit(run(channels, concurrency))
    from tocsin.engines.worker import WorkerProcess

    if concurrency is not None:
        raise click.UsageError(
            "--concurrency is of the engine celery; TOCSIN['CHANNEL_THREADS'] is of this one."
        )
    raise SystemExit(WorkerProcess(work, channels).run())


def unapplied() -> list[str]:
    """Names of the migrations that the database has not had yet."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    labels = None if is_standalone() else {"tocsin"}
    leaves = [node for node in executor.loader.graph.leaf_nodes() if labels is None or node[0] in labels]
    return [f"{migration.app_label}.{migration.name}" for migration, _ in executor.migration_plan(leaves)]


def require_tables() -> None:
    """Refuse to start on tables that are missing or older."""
    if missing := unapplied():
        raise Failure(f"The tables are not up to date ({len(missing)} migrations). Run: {program()} migrate")
