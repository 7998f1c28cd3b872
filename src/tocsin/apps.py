"""Django's entrance: types are discovered, and the engine is given its work."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TocsinConfig(AppConfig):
    """The one app; its tables live in the rooms."""

    name = "tocsin"
    label = "tocsin"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        from tocsin import adapters

        adapters.prepare()

    def ready(self) -> None:
        from django.core.signals import request_started
        from django.utils.module_loading import autodiscover_modules

        from tocsin import adapters, checks, conf, engines, pipeline
        from tocsin.engines import inline, wake
        from tocsin.inbox import wake as readers
        from tocsin.sources.sweep import sweep
        from tocsin.sources.tasks import commands, signals
        from tocsin.web import this_browser

        checks.register()
        adapters.install()
        autodiscover_modules("notifications")
        engines.install(
            engines.Work(pipeline.run, sweep, pipeline.renew, pipeline.batch_size, pipeline.let_go)
        )
        readers.connect(wake.listener.subscribe, wake.publish)
        if conf.get("TASKS_OF_COMMANDS"):
            commands.install()
        signals.install()
        this_browser.connect()
        request_started.connect(inline.start, dispatch_uid="tocsin.engine")
