"""Channels that declare the wrong thing, and channels that show a secret."""

from __future__ import annotations

import base64
import logging
import random
from dataclasses import replace

from django import forms
from django.core.exceptions import ValidationError

from tests.testing.pagers import TOKEN, Pager, PagerForm, breaks
from tocsin.channels.base import Abilities, Sent
from tocsin.channels.forms import clean_settings

logger = logging.getLogger("tests.pager")
STABLE = "identity_is_stable"
REFUSED = "bad_settings_are_refused"
CONTROLS = "settings_hold_no_control_characters"
SIZE = "settings_of_any_size_are_judged"
DECLARES = "the_class_declares_itself"
SILENT = "outcomes_and_logs_show_no_secret"


@breaks(DECLARES)
class HasNoName(Pager):
    slug, label = "The Pager", ""


@breaks("its_abilities_are_possible")
class ClaimsTheImpossible(Pager):
    abilities = Abilities(("pictures",), max_characters=0)


@breaks("it_is_ready_with_the_settings_of_the_operator")
class IsNotReady(Pager):
    def not_ready(self):
        return "Set TOCSIN['PAGER']."


@breaks(DECLARES)
class KnowsNoIdentity(Pager):
    class form(PagerForm):  # noqa: N801
        identity_fields = ()


@breaks(STABLE)
class HasAFreshIdentity(Pager):
    class form(PagerForm):  # noqa: N801
        identity_fields = ("line", "salt")
        salt = forms.CharField(required=False, max_length=50)

        def clean_salt(self):
            return str(random.random()) if self.cleaned_data["salt"].isprintable() else self._plain("salt")


@breaks(STABLE)
class ChangesSettingsEachTime(Pager):
    class form(PagerForm):  # noqa: N801
        def clean_token(self):
            return self._plain("token")[:40] + "+"


@breaks("valid_settings_are_accepted", STABLE)
class RefusesItsOwn(Pager):
    class form(PagerForm):  # noqa: N801
        def clean(self):
            raise ValidationError("No.")


@breaks(REFUSED, bad_settings=(({"token": "x"}, "line"),))
class BlamesNoField(Pager):
    class form(PagerForm):  # noqa: N801
        line = forms.CharField(required=False, max_length=50)

        def clean(self):
            if not self.cleaned_data.get("line"):
                raise ValidationError("Something is wrong.")


@breaks(REFUSED, CONTROLS, SIZE)
class RaisesOnBadSettings(Pager):
    class form(PagerForm):  # noqa: N801
        def clean(self):
            return {"line": self.cleaned_data["line"], "token": self.cleaned_data["token"]}


@breaks(REFUSED, bad_settings=())
class TestsNoBadSettings(Pager):
    pass


def careless(self, given):
    """As if the form took any line."""
    if not isinstance(given, dict) or "\r" not in given.get("line", ""):
        return clean_settings(self.made().form, given)
    cleaned = clean_settings(self.made().form, {**given, "line": "x"})
    return replace(cleaned, open={"line": given["line"]})


@breaks(CONTROLS, clean=careless)
class TakesAnyLine(Pager):
    pass


@breaks(SIZE)
class TakesAnySize(Pager):
    class form(PagerForm):  # noqa: N801
        token = forms.CharField()


def lenient(self, given):
    known = self.made().form.base_fields
    kept = {name: value for name, value in given.items() if name in known} if isinstance(given, dict) else {}
    return clean_settings(self.made().form, kept)


@breaks("an_unknown_setting_is_refused", "settings_that_are_no_object_are_refused", clean=lenient)
class IsLenient(Pager):
    pass


@breaks(
    "the_json_schema_says_the_same_as_the_form",
    settings=lambda self, far: {"line": far.url, "token": TOKEN, "beeps": "5"},
)
class CountsInWords(Pager):
    class form(PagerForm):  # noqa: N801
        beeps = forms.IntegerField()


@breaks("a_bare_address_is_the_same_destination")
class TakesAnAddressForAnother(Pager):
    address_field = "line"

    def address_settings(self, address):
        return {"line": address.upper(), "token": TOKEN}


@breaks("the_secrets_are_declared", "reprs_show_no_secret", "a_failure_shows_no_secret")
class HasTheTokenInTheOpen(Pager):
    class form(PagerForm):  # noqa: N801
        secret_fields = ()


@breaks("the_secrets_are_declared", secrets=())
class WatchesNoSecret(Pager):
    pass


@breaks("errors_of_settings_show_no_secret")
class RepeatsTheTokenInAnError(Pager):
    class form(PagerForm):  # noqa: N801
        def clean_token(self):
            if not self.cleaned_data["token"].isprintable():
                raise ValidationError(f"{self.cleaned_data['token']} has control characters.")
            return self.cleaned_data["token"]


@breaks("names_of_a_destination_show_no_secret", "reprs_show_no_secret")
class IsCalledByItsToken(Pager):
    def target_label(self, settings):
        return str(settings["token"])


@breaks("render_shows_no_secret")
class ShowsTheTokenInPreviews(Pager):
    def render(self, message):
        return replace(super().render(message), payload={"token": str(message.target.settings["token"])})


@breaks("reprs_show_no_secret")
class KeepsTheToken(Pager):
    def send(self, message):
        self.token = str(message.target.settings["token"])
        return super().send(message)


class Talkative(Pager):
    def send(self, message):
        self.say(str(message.target.settings["token"]))
        return super().send(message)


@breaks(SILENT)
class LogsTheToken(Talkative):
    def say(self, token):
        logger.debug("with %s", token)


@breaks(SILENT)
class LogsTheTokenInBase64(Talkative):
    def say(self, token):
        logger.debug("Basic %s", base64.b64encode(f"pager:{token}".encode()).decode())


@breaks(SILENT)
class LogsTheTokenBesideTheText(Talkative):
    def say(self, token):
        logger.debug("sending", extra={"token": token})


@breaks(SILENT)
class PrintsTheToken(Talkative):
    def say(self, token):
        print(token)


@breaks(SILENT)
class AnswersWithTheToken(Pager):
    def read(self, message, answer):
        outcome = super().read(message, answer)
        return Sent(str(message.target.settings["token"])) if isinstance(outcome, Sent) else outcome


@breaks("a_failure_shows_no_secret")
class LogsAllOfAFailure(Pager):
    def log_failure(self, message, error):
        logger.error("failed", exc_info=error)
