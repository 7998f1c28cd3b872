"""Tokens in Django's admin: made, shown once in the answer itself, and revoked. None is changed or deleted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tocsin.tenants import tokens
from tocsin.tenants.tokens import MEANINGS
from tocsin.web.admin.filters import ByOrganization, IsRevoked
from tocsin.web.admin.form import DomainForm, DomainPage
from tocsin.web.admin.frame import ReadOnly, by
from tocsin.web.admin.shown_once import show_once

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tocsin.tenants.models import ApiToken


class TokenForm(DomainForm):
    """Of a new token."""

    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=list(MEANINGS.items()),
        initial=tokens.DEFAULT_SCOPES,
        widget=forms.CheckboxSelectMultiple,
    )
    once = forms.CharField(widget=forms.HiddenInput, max_length=40)
    """Drawn for each form: sent twice, it makes one token."""
    names = {"expires": "expires_at"}
    plain = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["once"] = secrets.token_urlsafe(16)

    def keep(self, by: str) -> ApiToken:
        given = self.cleaned_data
        token, self.plain = tokens.create_token(
            given["name"],
            given["organization"],
            scopes=given["scopes"],
            operator=given["is_operator"],
            expires=given["expires_at"],
            max_recipients=given["max_recipients"],
            by=by,
            once=given["once"],
        )
        return token


class TokenAdmin(DomainPage, ReadOnly):
    """Bearer tokens, without what they prove themselves by."""

    form = TokenForm
    list_display = ("prefix", "name", "whose", "scopes", "state", "last_used_at", "expires_at")
    list_filter = (IsRevoked, ByOrganization)
    list_select_related = ("organization",)
    search_fields = ("prefix", "name", "organization__slug")
    autocomplete_fields = ("organization",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        shared = ("name", "organization", "scopes", "is_operator", "expires_at", "max_recipients")
        return (
            (*shared, "prefix", "state", "created_at", "last_used_at", "revoked_at")
            if obj
            else (*shared, "once")
        )

    @admin.display(description=_("organization"))
    def whose(self, token: ApiToken) -> str:
        return _t("(all)") if token.is_operator else token.organization.slug

    @admin.display(description=_("state"))
    def state(self, token: ApiToken) -> str:
        if token.revoked_at:
            return _t("revoked")
        return _t("live") if tokens.is_live(token) else _t("expired")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: TokenForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        request.tocsin_plain = form.plain  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> Any:
        response = super().response_add(request, obj, post_url_continue)
        return show_once(self, request, {obj.name: request.tocsin_plain}, response)  # type: ignore[attr-defined]

    @admin.action(description=_("Revoke"), permissions=["act"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        live = queryset.filter(revoked_at=None)
        self.each(request, live, _t("Revoked"), lambda row: tokens.revoke(row, by(request)))
