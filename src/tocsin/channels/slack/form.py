"""The settings of a Slack destination: an incoming webhook, or a bot token and where it posts."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin import conf
from tocsin.channels import http
from tocsin.channels.base import SettingsForm
from tocsin.channels.forms import as_validation_error
from tocsin.channels.http.urls import Parsed, parse
from tocsin.errors import InvalidInput

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_WEBHOOK_PATH = re.compile(r"/(?:services|workflows|triggers)(?:/[A-Za-z0-9_-]+){2,6}", re.ASCII)
_TOKEN = re.compile(r"(?:xoxe\.)?xoxb-[A-Za-z0-9-]{6,}", re.ASCII)
_WORKSPACE_IN_TOKEN = re.compile(r"xoxb-([0-9]{5,20})-", re.ASCII)
_ID = re.compile(r"[CGDUW][A-Z0-9]{5,30}", re.ASCII)
_NAME = re.compile(r"#[\w-]{1,80}")
_TEAMS = (".logic.azure.com", ".powerplatform.com", ".webhook.office.com")


class SlackForm(SettingsForm):
    """Exactly one of `webhook_url` and `token`.

    A token is not part of the identity: it may be replaced. What is: the webhook, or the channel. An id is
    unique in all of Slack; a #name is not, so the workspace's number, which a token begins with, is added.
    """

    identity_fields = ("webhook_url", "workspace", "channel")
    secret_fields = ("webhook_url", "token")

    webhook_url = forms.CharField(
        label=_("Webhook URL"),
        max_length=500,
        required=False,
        help_text=_(
            "Of an incoming webhook (https://hooks.slack.com/services/…). It makes a new message of every event; "
            "threads, and messages that are changed, need a token."
        ),
    )
    token = forms.CharField(
        label=_("Bot token"),
        max_length=300,
        required=False,
        help_text=_("xoxb-…, of an app with the scope chat:write. Instead of a webhook."),
    )
    channel = forms.CharField(
        label=_("Channel"),
        max_length=81,
        required=False,
        help_text=_("With a token: the id of a channel (C…) or a person (U…), or #name."),
    )
    workspace = forms.CharField(
        label=_("Workspace"),
        max_length=40,
        required=False,
        help_text=_("Tells equal #names of two workspaces apart; taken from the token when left empty."),
    )

    def clean_webhook_url(self) -> str:
        url: str = self.cleaned_data["webhook_url"]
        if not url:
            return ""
        try:
            parsed = parse(url)
            _judge(url, parsed)
            http.check_url(url)
        except InvalidInput as error:
            raise as_validation_error(error) from None
        port = "" if parsed.port == 443 else f":{parsed.port}"
        return f"{parsed.scheme}://{parsed.host}{port}{_path(url)}"

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if token and not _TOKEN.fullmatch(token):
            raise ValidationError(
                _("is no bot token. Copy the one that begins with xoxb- from the app's page.")
            )
        return token

    def clean_channel(self) -> str:
        channel: str = self.cleaned_data["channel"]
        if not channel or _ID.fullmatch(channel):
            return channel
        if not _NAME.fullmatch(channel):
            raise ValidationError(
                _("is neither an id (C0123ABCD, U0123ABCD) nor a #name. Use the id if you can.")
            )
        return channel.lower()

    def clean_workspace(self) -> str:
        workspace: str = self.cleaned_data["workspace"]
        if not re.fullmatch(r"[A-Za-z0-9_-]*", workspace):
            raise ValidationError(_("is no workspace. Use its id (T0123ABCD) or its name in the address."))
        return workspace

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if {"webhook_url", "token"} & set(self.errors):
            return given
        if given.get("webhook_url"):
            self._forbid("token", "channel", "workspace")
        elif not given.get("token"):
            self.add_error("webhook_url", _("is missing. Give it, or a token and a channel."))
        elif not given.get("channel"):
            if "channel" not in self.errors:
                self.add_error("channel", _("is missing. Say where the token posts: C0123ABCD or #name."))
        else:
            self._place(given)
        return given

    def _forbid(self, *names: str) -> None:
        for name in names:
            if self.cleaned_data.get(name):
                self.add_error(name, _("does not go with a webhook URL. Leave one of the two out."))

    def _place(self, given: dict[str, Any]) -> None:
        """Complete a #name with its workspace, so that it is an address."""
        is_name = given["channel"].startswith("#")
        if given.get("workspace"):
            if not is_name:
                self.add_error("workspace", _("is only needed with a #name. Leave it out."))
        elif is_name:
            found = _WORKSPACE_IN_TOKEN.match(given["token"])
            if found:
                given["workspace"] = found[1]
            else:
                self.add_error("channel", _("needs the workspace too. Use the channel's id (C0123ABCD)."))


def _judge(url: str, parsed: Parsed) -> None:
    """Raise ValidationError unless `url` is an incoming webhook of Slack's, or of the operator's own server."""
    own = api_server()
    if parsed.host not in HOSTS and (own is None or parsed.host != own.host):
        if parsed.host.endswith(_TEAMS):
            raise ValidationError(_("is of Microsoft Teams. Use the channel msteams for it."))
        raise ValidationError(
            _(
                "is no incoming webhook of Slack. Copy the one that begins with https://hooks.slack.com/services/."
            )
        )
    if parsed.scheme != "https" and parsed.host in HOSTS:
        raise ValidationError(_("has the scheme http. Use https."))
    if not _WEBHOOK_PATH.fullmatch(_path(url)):
        raise ValidationError(_("is not complete. Copy all of it: https://hooks.slack.com/services/T…/B…/…"))


def _path(url: str) -> str:
    path = url.partition("://")[2].partition("/")[2]
    return "/" + path.rstrip("/")


def api_server() -> Parsed | None:
    """The server in TOCSIN["SLACK_API_URL"] where the operator set another than Slack's own."""
    url = conf.get("SLACK_API_URL")
    if url == conf.SETTINGS["SLACK_API_URL"].default:
        return None
    try:
        return parse(url)
    except InvalidInput:
        return None
