"""The shop's event types and its own kind of audience; found by tocsin because of the file's name."""

from __future__ import annotations

from typing import Any

import tocsin

tocsin.event_type("invoice:due", label="Invoice due", channels=["message", "email"])


@tocsin.audience("debtors")
def debtors(value: str, organization: int) -> Any:
    """Customers who owe at least so much."""
    from shop.models import Invoice

    return Invoice.objects.filter(amount__gte=int(value)).values("customer")
