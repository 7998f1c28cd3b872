"""The settings of a Teams destination: the URL of a workflow that begins with a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import SettingsForm
from tocsin.channels.forms import as_validation_error
from tocsin.channels.http.urls import parse
from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from tocsin.channels.http.urls import Parsed

DOMAINS = (
    ".api.powerplatform.com",
    ".api.gov.powerplatform.microsoft.us",
    ".api.high.powerplatform.microsoft.us",
    ".api.appsplatform.us",
    ".api.powerplatform.partner.microsoftonline.cn",
    ".logic.azure.com",
    ".logic.azure.us",
    ".logic.azure.cn",
)
RETIRED = (".webhook.office.com", "outlook.office.com", "outlook.office365.com")


class MsteamsForm(SettingsForm):
    """One URL. It carries its own signature, so it is a secret."""

    identity_fields = ("url",)
    secret_fields = ("url",)

    url = forms.CharField(
        label=_("Workflow URL"),
        max_length=2048,
        help_text=_('Of a workflow with the trigger "When a Teams webhook request is received".'),
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            parsed = parse(url)
            _judge(url, parsed)
            http.check_url(url)
        except InvalidInput as error:
            raise as_validation_error(error) from None
        standard = 443 if parsed.scheme == "https" else 80
        port = "" if parsed.port == standard else f":{parsed.port}"
        host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
        return f"{parsed.scheme}://{host}{port}/{url.partition('://')[2].partition('/')[2]}"


def _judge(url: str, parsed: Parsed) -> None:
    """Raise ValidationError unless `url` starts a workflow, or is at a host that the operator named."""
    if parsed.host in conf.get("MSTEAMS_HOSTS"):
        return
    if parsed.host.endswith(RETIRED):
        raise ValidationError(
            _(
                "is an Office 365 connector, which Microsoft has retired. "
                "Add a workflow to the channel in Teams and use its URL."
            )
        )
    if parsed.host.endswith((".slack.com", ".slack-gov.com")):
        raise ValidationError(_("is of Slack. Use the channel slack for it."))
    if not parsed.host.endswith(DOMAINS):
        raise ValidationError(
            _(
                "is no workflow of Teams. Copy the URL of its webhook trigger; the operator can allow "
                'other hosts in TOCSIN["MSTEAMS_HOSTS"].'
            )
        )
    if parsed.scheme != "https":
        raise ValidationError(_("has the scheme http. Use https."))
    if "/triggers/" not in url or "sig=" not in url:
        raise ValidationError(
            _(
                "is not complete: it has no trigger or no signature (sig=…). Let anyone start the workflow, "
                "save it, and copy all of the URL."
            )
        )
