"""The demo's own world: a fresh home, the settings for it, the server in a thread of this process."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import tempfile
import threading
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Self

from tocsin.cli.demo.places import HOST, DeadPort, Echo, Mailbox
from tocsin.cli.listening import Listening, bind, url_of
from tocsin.server.logs import OneLine

CONFIG = """\
ADAPTERS = ["argus", "endi", "sentry", "taskmanager"]
MEDIA_PLUGINS = ["tocsin.cli.demo.foreign.Pager"]

[UWSGI_TASKMANAGER_NOTIFICATION_HANDLERS.mail]
class = "taskmanager.notifications.MailNotificationHandler"
level = "errors"
from_email = "tasks@example.org"
recipients = "nights@example.org"

[EVENT_TYPES."link:down"]
label = "Link down"
level = "error"
channels = ["pager"]

[EVENT_TYPES."invoice:paid"]
label = "Invoice paid"
channels = ["message", "email"]

[EVENT_TYPES."build:done"]
label = "Build done"
channels = ["webhook"]

[EVENT_TYPES."coffee:ready"]
label = "Coffee ready"

[EVENT_TYPES."disk:full"]
label = "Disk full"
level = "critical"
channels = ["alert", "header_message", "email"]
mandatory = true
"""


class Stage:
    """Enter it before Django is loaded: it sets the variables that the settings are made of."""

    def __init__(self) -> None:
        from tocsin.channels.webhook.signing import make_secret

        self._stack = ExitStack()
        self.secret = make_secret()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.home = _fresh_home()
            stack.callback(shutil.rmtree, self.home, ignore_errors=True)
            self.mailbox = stack.enter_context(Mailbox())
            self.echo = stack.enter_context(Echo(self.secret))
            self.dead_port = stack.enter_context(DeadPort())
            self.bound = stack.enter_context(bind(HOST, 0))
            self.url = url_of(self.bound)
            self._set_variables()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open(self) -> None:
        """Load Django, make the tables, start the server and the engine."""
        import django
        from django.core.management import call_command

        django.setup()
        self._log_to_file()
        call_command("migrate", interactive=False, verbosity=0)
        import_module("tocsin.cli.demo.foreign")
        self._serve()

    def _set_variables(self) -> None:
        config = self.home / "tocsin.toml"
        config.write_text(CONFIG, encoding="utf-8")
        for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
            del os.environ[name]
        self.variables = {
            "DJANGO_SETTINGS_MODULE": "tocsin.server.settings",
            "TOCSIN_HOME": str(self.home),
            "TOCSIN_CONFIG": str(config),
            "TOCSIN_BASE_URL": self.url,
            "TOCSIN_EMAIL_URL": f"smtp://{HOST}:{self.mailbox.port}",
            "TOCSIN_FROM_EMAIL": "tocsin demo <demo@example.com>",
            "TOCSIN_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
        }
        os.environ |= self.variables
        exports = (f"export {name}={shlex.quote(value)}\n" for name, value in self.variables.items())
        self.env_file.write_text("".join(exports), encoding="utf-8")

    @property
    def env_file(self) -> Path:
        """For another shell: the variables by which `tocsin …` means this demo."""
        return self.home / "env"

    def _log_to_file(self) -> None:
        """A line of log in the midst of the table would spoil it."""
        handler = logging.FileHandler(self.home / "log", encoding="utf-8")
        handler.setFormatter(OneLine("{asctime} {levelname:<7} {name}: {message}", style="{"))
        for name in ("", "django"):
            logging.getLogger(name).handlers = [handler]
        self._stack.callback(handler.close)

    def _serve(self) -> None:
        from tocsin.engines import inline

        inline.start()
        self._stack.callback(inline.stop)
        listening = Listening(self.bound)
        thread = threading.Thread(target=listening.serve, name="demo-server", daemon=True)
        thread.start()
        self._stack.callback(thread.join, 5)
        self._stack.callback(listening.stop)


def _fresh_home() -> Path:
    parent = os.environ.get("TOCSIN_HOME")
    if parent:
        Path(parent).mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="tocsin-demo-", dir=parent or None))
