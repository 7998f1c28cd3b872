"""The settings of a GitHub destination: a repository, by whom it is written to, and what is made there."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tocsin.channels.base import SettingsForm
from tocsin.channels.github.tokens import load_key

ISSUE, DISPATCH = "issue", "dispatch"
MOST_LABELS, LONGEST_LABEL = 20, 50
_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}/(?!\.{1,2}\Z)[a-z0-9._-]{1,100}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_.=-]{8,255}", re.ASCII)
_APP = ("app_id", "installation_id", "private_key")


class GithubForm(SettingsForm):
    """A token, or the three settings of an App.

    Neither is part of the identity, for both may be replaced. What is: the repository and what is made in it.
    """

    identity_fields = ("repository", "mode", "event_type")
    secret_fields = ("token", "private_key")

    repository = forms.CharField(label=_("Repository"), max_length=201, help_text=_("owner/name"))
    token = forms.CharField(
        label=_("Token"),
        max_length=255,
        required=False,
        help_text=_(
            "github_pat_… with write access to Issues (to Contents for a dispatch), or ghp_… with the scope repo."
        ),
    )
    app_id = forms.CharField(
        label=_("App"),
        max_length=40,
        required=False,
        help_text=_("Instead of a token: the App's id or client id."),
    )
    installation_id = forms.CharField(
        label=_("Installation"),
        max_length=20,
        required=False,
        help_text=_("The number at the end of the address of the App's installation."),
    )
    private_key = forms.CharField(
        label=_("Private key"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea,
        help_text=_("The App's, all of the .pem file."),
    )
    mode = forms.ChoiceField(
        label=_("What is made"),
        required=False,
        choices=(
            (ISSUE, _("An issue, and comments on it")),
            (DISPATCH, _("A repository_dispatch for workflows")),
        ),
    )
    labels = forms.CharField(
        label=_("Labels"),
        max_length=1000,
        required=False,
        help_text=_("Of new issues, with commas between them."),
    )
    event_type = forms.CharField(
        label=_("Event type"),
        max_length=100,
        required=False,
        help_text=_("Of a dispatch; the type of the event where it is left empty."),
    )

    def clean_repository(self) -> str:
        repository: str = self.cleaned_data["repository"].lower()
        if not _REPOSITORY.fullmatch(repository):
            raise ValidationError(_("is no repository. Write owner/name, as in the address of its page."))
        return repository

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        if token and not _TOKEN.fullmatch(token):
            raise ValidationError(_("is no token. Copy the one that begins with github_pat_ or ghp_."))
        return token

    def clean_app_id(self) -> str:
        return self._matching(
            "app_id", r"[A-Za-z0-9.]*", _("is no App. Use its id (123456) or client id (Iv23…).")
        )

    def clean_installation_id(self) -> str:
        return self._matching(
            "installation_id", r"[0-9]*", _("is no installation. Use the number in its address.")
        )

    def clean_private_key(self) -> str:
        pem: str = self.cleaned_data["private_key"].replace("\r\n", "\n")
        if pem:
            try:
                load_key(pem)
            except ValueError:
                raise ValidationError(
                    _("is no RSA key. Copy all of the .pem file that GitHub made.")
                ) from None
        return pem

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or ISSUE

    def clean_labels(self) -> str:
        labels = list(dict.fromkeys(filter(None, map(str.strip, self.cleaned_data["labels"].split(",")))))
        if len(labels) > MOST_LABELS or any(len(label) > LONGEST_LABEL for label in labels):
            raise ValidationError(_("are too many or too long. Give at most 20, of 50 characters each."))
        return ", ".join(labels)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        app = [name for name in _APP if given.get(name)]
        if not {"token", *_APP} & set(self.errors):
            if given.get("token"):
                self._forbid(app, _("does not go with a token. Leave one of the two out."))
            elif not app:
                self.add_error("token", _("is missing. Give it, or an App with its installation and key."))
            else:
                self._need([name for name in _APP if name not in app])
        if given.get("mode") == DISPATCH:
            self._forbid(["labels"], _("are for issues only. Leave them out."))
        else:
            self._forbid(["event_type"], _("is for a dispatch only. Leave it out."))
        return given

    def _forbid(self, names: list[str], told: Any) -> None:
        for name in names:
            if self.cleaned_data.get(name):
                self.add_error(name, told)

    def _need(self, names: list[str]) -> None:
        for name in names:
            self.add_error(name, _("is missing. An App needs its id, its installation and its private key."))

    def _matching(self, name: str, pattern: str, told: Any) -> str:
        value: str = self.cleaned_data[name]
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValidationError(told)
        return value
