"""The command: sets the stage, lets the play run, shows it, and goes on serving."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.failures import Failure, as_click

if TYPE_CHECKING:
    from tocsin.cli.demo.cast import Cast
    from tocsin.cli.demo.script import Play
    from tocsin.cli.demo.stage import Stage
    from tocsin.cli.demo.watch import Row

SETTLE_SECONDS = 30.0
QUIET_SECONDS = 0.5
_told_to_end = threading.Event()


@click.command("demo", epilog="\b\nExample:\n  tocsin demo\n  tocsin demo --once")
@click.option(
    "--once", is_flag=True, help="End when all is delivered. Exit code 0 if it went as it should, else 1."
)
def demo(*, once: bool) -> None:
    """See it all at work on this machine alone.

    Makes a database, a mail server, a webhook receiver and four people, all of them temporary and on
    127.0.0.1; sends a handful of events through Python, HTTP and the command line, and shows where each
    delivery gets to. Then it serves until Ctrl-C.
    """
    _refuse_inside_a_project(once=once)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        _play(once=once)
    except KeyboardInterrupt:
        click.echo("\nThe demo is over, and its files are gone.", err=True)
    except ModuleNotFoundError as error:
        raise Failure(f'{error.name} is missing. Install it: pip install "tocsin[server,demo]"') from None
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:
        if click.get_current_context().find_root().params.get("traceback"):
            raise
        raise as_click(error) from error


def _end(*_: object) -> None:
    """The first time only a flag, which is looked at between the steps; whoever asks again is obeyed at once.

    Python drops a KeyboardInterrupt that is raised within a callback of an import, and ends by the signal, however
    it was handled, where one passed through the `exec` of a text, as the making of a dataclass is.
    """
    if _told_to_end.is_set():
        raise KeyboardInterrupt
    _told_to_end.set()


def _go_on() -> None:
    if _told_to_end.is_set():
        raise KeyboardInterrupt


def _refuse_inside_a_project(*, once: bool) -> None:
    """Under manage.py the project's settings are loaded: the demo goes on in a process of its own."""
    django_apps = sys.modules.get("django.apps")
    if django_apps is not None and django_apps.apps.ready:
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)
        command = [sys.executable, "-m", "tocsin.cli", "demo", *(["--once"] if once else [])]
        os.execv(sys.executable, command)  # noqa: S606


def _play(*, once: bool) -> None:
    from tocsin.cli.demo.stage import Stage

    with Stage() as stage:
        click.echo(
            f"\n  {click.style('tocsin demo', bold=True)}  {_dim(f'a world of its own, in {stage.home}')}\n"
        )
        stage.open()
        _go_on()
        from tocsin.cli.demo.cast import Cast
        from tocsin.cli.demo.script import Play
        from tocsin.cli.demo.watch import Watch

        cast = Cast(stage)
        play = Play(stage, cast)
        watch = Watch(play)
        rows = _run(play, watch)
        if once:
            _pronounce(watch, rows)
        else:
            _introduce(stage, cast)
            _serve(stage)


def _run(play: Play, watch: Any) -> list[Row]:
    """Let the play run in a thread, and show it until all is settled. Raises what it raised."""
    from tocsin.cli.demo.show import follow

    raised: list[Exception] = []
    thread = threading.Thread(target=_perform, args=(play, raised), name="demo-play", daemon=True)
    thread.start()
    deadline = time.monotonic() + SETTLE_SECONDS

    def is_over(rows: list[Row]) -> bool:
        settled = not thread.is_alive() and all(row.is_decided for row in rows)
        return settled or bool(raised) or _told_to_end.is_set() or time.monotonic() > deadline

    rows = follow(watch.rows, is_over)
    _go_on()
    if raised:
        raise raised[0]
    return rows


def _perform(play: Play, raised: list[Exception]) -> None:
    from django.db import connections

    try:
        play.run()
    except Exception as error:
        raised.append(error)
    finally:
        connections.close_all()


def _pronounce(watch: Any, rows: list[Row]) -> None:
    from tocsin.cli.demo.verdict import judge

    time.sleep(QUIET_SECONDS)  # what should not come is given a moment to come
    verdicts = list(judge(watch, rows))
    click.echo()
    for fine, words in verdicts:
        click.echo(f"{click.style('PASS', fg='green') if fine else click.style('FAIL', fg='red')}  {words}")
    if not all(fine for fine, _ in verdicts):
        raise click.exceptions.Exit(1)


def _introduce(stage: Stage, cast: Cast) -> None:
    names = ", ".join(cast.users)
    click.echo()
    click.echo(f"  {click.style(stage.url, fg='cyan', bold=True)}")
    click.echo(f"  {_dim('sign in as')} {names}{_dim(', each with the password')} {cast.password}")
    click.echo(f"  {_dim('in another shell')}  . {stage.env_file}")
    click.echo('                    tocsin notify invoice:paid --title "Hello" --to user:ana')
    click.echo(f"\n  {_dim('Ctrl-C ends the demo and removes its files.')}\n")


def _dim(text: str) -> str:
    return click.style(text, dim=True)


def _serve(stage: Stage) -> None:
    """Go on until Ctrl-C; say what arrives."""
    told = len(stage.mailbox.arrivals), len(stage.echo.arrivals)
    while not _told_to_end.is_set():
        mails, posts = stage.mailbox.arrivals[told[0] :], stage.echo.arrivals[told[1] :]
        for arrival in (*mails, *posts):
            click.echo(f"  {click.style('✓', fg='green')} {arrival.address}  {arrival.title}")
        told = told[0] + len(mails), told[1] + len(posts)
        time.sleep(0.2)
    raise KeyboardInterrupt
