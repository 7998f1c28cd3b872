"""Django's entrance: types are discovered, and the engine is given its work."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TocsinConfig(AppConfig):
    """The one app; its tables live in the rooms."""

    name = "tocsin"
    label = "tocsin"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core.signals import request_started
        from django.utils.module_loading import autodiscover_modules

        from tocsin import checks, pipeline
        from tocsin.engines import inline, wake
        from tocsin.inbox import wake as readers

        checks.register()
        autodiscover_modules("notifications")
        inline.install(pipeline.run, pipeline.sweep, pipeline.renew, pipeline.batch_size)
        readers.connect(wake.listener.subscribe, wake.publish)
        request_started.connect(inline.start, dispatch_uid="tocsin.engine")
