"""What the owner of a destination is told when the far side says that it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from tocsin.recipients import managed, users
from tocsin.tenants.models import Membership, Role
from tocsin.tenants.organizations import is_implicit

if TYPE_CHECKING:
    from tocsin.recipients.models import Destination

KIND = "destination:disabled"
MOST_TOLD = 50


def of_disabled(destination: Destination) -> dict[str, Any] | None:
    """The fields of the event; None where nobody answers for the destination.

    It goes to the inbox and to addresses that still work: the disabled one is not among them any more.
    """
    to = _who_answers_for(destination)
    if not to:
        return None
    words = {
        "label": destination.label,
        "channel": destination.channel,
        "reason": destination.disabled_reason,
    }
    organization = destination.organization
    with override(settings.LANGUAGE_CODE):
        return {
            "type": KIND,
            "title": _("“%(label)s” (%(channel)s) does not work any more") % words,
            "body": _(
                "Nothing is sent there until it is mended. The reason: %(reason)s\n\n"
                "Correct the address and send a test, or remove it."
            )
            % words,
            "to": [f"user:{key}" for key in to],
            "data": {"destination": managed.public_id(destination), **words},
            "organization": organization.slug if organization else "",
        }


def _who_answers_for(destination: Destination) -> list[Any]:
    """The owner; of an organization its owners and admins, of the implicit one also the site's superusers."""
    if destination.user_id is not None:
        return [destination.user_id]
    rows = Membership.objects.filter(
        organization=destination.organization_id, role__in=(Role.OWNER, Role.ADMIN)
    )
    found = list(rows.order_by("pk").values_list("user", flat=True)[:MOST_TOLD])
    implicit = destination.organization_id is not None and is_implicit(destination.organization_id)
    if not found and implicit and users.has_field("is_superuser"):
        superusers = users.users().filter(is_superuser=True).exclude(users.inactive())
        found = list(superusers.order_by("pk").values_list("pk", flat=True)[:MOST_TOLD])
    return found
