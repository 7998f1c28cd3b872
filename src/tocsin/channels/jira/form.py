"""The settings of a Jira destination: a site, an account, and the project in which issues are made."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels import http
from tocsin.channels.base import SettingsForm
from tocsin.channels.forms import as_validation_error
from tocsin.channels.http.urls import Parsed, parse
from tocsin.channels.jira.site import GATEWAYS, SITES, is_cloud
from tocsin.errors import InvalidInput

ISSUE_TYPE = "Task"
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_GATEWAY_PATH = re.compile(r"/ex/jira/[A-Za-z0-9-]{8,60}", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")
_USER = re.compile(r"[^\s:]+")
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)


class JiraForm(SettingsForm):
    """Where issues are made, and by whom. Who it is counts for nothing: a token may be replaced."""

    identity_fields = ("url", "project", "issue_type")
    secret_fields = ("token",)

    url = forms.CharField(
        label=_("URL"),
        max_length=500,
        help_text=_(
            "https://acme.atlassian.net; https://api.atlassian.com/ex/jira/CLOUD-ID with a scoped token; "
            "or where your own Jira is."
        ),
    )
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        help_text=_(
            "Of the account whose API token this is. Empty with a personal access token of your own Jira."
        ),
    )
    token = forms.CharField(
        label=_("Token"),
        max_length=1000,
        help_text=_("An API token (Cloud) or a personal access token (Data Center)."),
    )
    deployment = forms.ChoiceField(
        label=_("Deployment"),
        choices=[
            ("", _("Told by the URL")),
            ("cloud", _("Cloud")),
            ("server", _("Server or Data Center")),
        ],
        required=False,
    )
    project = forms.CharField(
        label=_("Project"), max_length=80, help_text=_("Its key: OPS, if its issues are called OPS-12.")
    )
    issue_type = forms.CharField(
        label=_("Issue type"),
        max_length=60,
        required=False,
        help_text=_("Its name or its number; Task when left empty."),
    )
    labels = forms.CharField(
        label=_("Labels"), max_length=500, required=False, help_text=_("Of each issue, with commas between.")
    )
    close_with = forms.CharField(
        label=_("Close with"),
        max_length=100,
        required=False,
        help_text=_(
            "The transition, or the status, that closes an issue; when left empty the first that leads to one of "
            "the category Done."
        ),
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            parsed = parse(url)
            path = _path(url, parsed)
            http.check_url(url)
        except InvalidInput as error:
            raise as_validation_error(error) from None
        standard = 443 if parsed.scheme == "https" else 80
        port = "" if parsed.port == standard else f":{parsed.port}"
        host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
        return f"{parsed.scheme}://{host}{port}{path}"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and not _USER.fullmatch(email):
            raise ValidationError(_("is no e-mail address. Use the account's own."))
        return email

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if not _TOKEN.fullmatch(token):
            raise ValidationError(
                _("is no token: it has spaces, or letters that no token has. Copy it again.")
            )
        return token

    def clean_project(self) -> str:
        project: str = self.cleaned_data["project"].upper()
        if not _PROJECT.fullmatch(project):
            raise ValidationError(_("is no key of a project. It is what issues begin with: OPS of OPS-12."))
        return project

    def clean_issue_type(self) -> str:
        return self.cleaned_data["issue_type"] or ISSUE_TYPE

    def clean_labels(self) -> str:
        labels = list(filter(None, map(str.strip, self.cleaned_data["labels"].split(","))))
        if any(re.search(r"\s", label) or len(label) > 255 for label in labels):
            raise ValidationError(
                _("has a label with a space, or a very long one. Jira takes none: write disk-full.")
            )
        return ", ".join(dict.fromkeys(labels))

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "url" in given and is_cloud(given) and "@" not in given.get("email", "@"):
            self.add_error(
                "email", _("is missing. Jira Cloud knows a token only with its account's e-mail address.")
            )
        return given


def _path(url: str, parsed: Parsed) -> str:
    """The path below which the API is. Raises ValidationError where it cannot be there."""
    rest = url.partition("://")[2].partition("/")[2]
    path = "/" + rest.rstrip("/") if rest.strip("/") else ""
    if (parsed.host.endswith(SITES) or parsed.host in GATEWAYS) and parsed.scheme != "https":
        raise ValidationError(_("has the scheme http. Use https."))
    if parsed.host.endswith(SITES) and path:
        raise ValidationError(_("has a path. Write it as https://acme.atlassian.net."))
    if parsed.host in GATEWAYS and not _GATEWAY_PATH.fullmatch(path):
        raise ValidationError(_("is not complete. Write it as https://api.atlassian.com/ex/jira/CLOUD-ID."))
    if not _PATH.fullmatch(path) or re.search(r"/(?:browse|rest|secure|projects)(?:/|$)", path):
        raise ValidationError(_("is the address of a page. Leave out what follows the path that Jira is at."))
    return path
