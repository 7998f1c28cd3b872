"""Coming from enDI: `AbstractNotification` and `notify`, by both names under which its documentation imports them."""

from __future__ import annotations

MODULE = "tocsin.adapters.endi.notification"
SERVED = {
    "endi.utils.notification": MODULE,
    "endi.utils.nofitication": MODULE,
    "endi.utils.notification.abstract": MODULE,
    "endi.utils.notification.notification": MODULE,
    "endi.models.notification": "tocsin.adapters.endi.types",
    "endi.models.notification.notification": "tocsin.adapters.endi.types",
}


def install() -> None:
    """Nothing is to be connected: who calls `notify` calls ours."""
