"""Web push: are the keys there that browsers subscribed under, and would every push service take us?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin import conf
from tocsin.channels import registry
from tocsin.cli.doctor.findings import Finding, ok, warning
from tocsin.cli.lazy import is_standalone
from tocsin.cli.webpush import lost, used

if TYPE_CHECKING:
    from collections.abc import Iterator


def keys() -> Iterator[Finding]:
    """What is wrong with the keys; nothing where nobody uses web push."""
    if "webpush" not in registry.channels() or not conf.get("WEBPUSH_KEYS") or not (counts := used()):
        return  # destinations without any key are told by ledger.unready
    from tocsin.channels.webpush import keys

    if strangers := lost(keys.public_keys(), counts):
        yield warning(
            "webpush",
            f"{strangers} destinations live under keys that are not here any more",
            "Put the key back if it was lost by mistake; else their people get no push until they open the inbox.",
        )
    if keys.is_local(keys.contact()):
        yield warning(
            "webpush",
            f"the contact is {keys.contact()}, which Apple's push service refuses",
            "Set TOCSIN_WEBPUSH_CONTACT." if is_standalone() else "Set TOCSIN['WEBPUSH_CONTACT'].",
        )
    elif not strangers:
        yield ok("webpush", f"{counts.total()} destinations, contact {keys.contact()}")
