"""The shop's event types and its own kind of audience; found by tocsin because of the file's name."""

from __future__ import annotations

from typing import Any

import tocsin
from tocsin.errors import invalid

tocsin.event_type("invoice:due", label="Invoice due", channels=["message", "email"])


@tocsin.audience("debtors")
def debtors(value: str, organization: int) -> Any:
    """Customers who owe at least so much."""
    from shop.models import Invoice

    return Invoice.objects.filter(amount__gte=int(value)).values("customer")


def check_company(value: str) -> None:
    """A company is named by its number."""
    if not value.isdigit():
        raise invalid("company", f"{value!r} is no company.", "Give its number.")


@tocsin.audience("company", check=check_company)
def employees(value: str, organization: int) -> Any:
    """Everybody who works for a company."""
    from shop.models import Employee

    return Employee.objects.filter(company=value).values("customer")


@tocsin.audience("company_manager", check=check_company)
def manager(value: str, organization: int) -> Any:
    """Who of the shop looks after a company."""
    from shop.models import Company

    return Company.objects.filter(pk=value, account_manager__isnull=False).values("account_manager")
