"""Promises about secrets: what a destination hides, nothing shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.channels.forms import json_schema
from tocsin.channels.redact import SHORTEST_SECRET
from tocsin.errors import InvalidInput
from tocsin.testing.contract.author import Author, Claim, promise, strings_in
from tocsin.testing.contract.listening import disguises, listening
from tocsin.testing.http_far_side import HttpFarSide

if TYPE_CHECKING:
    from tocsin.channels.base import Channel, Message
    from tocsin.testing.far_side import FarSide

MAX_LABEL = 100
REMEDY = (
    "name its field in the form's secret_fields, keep it out of texts of your own, and give "
    "http.Request(secret_values=…) what an answer might repeat."
)


class SecrecyPromises(Author):
    """A secret is in the request to the far side, and nowhere else."""

    def test_the_secrets_are_declared(self, far: FarSide, channel: Channel) -> None:
        """Every secret of the settings is watched by the tests of the channel, and kept as one."""
        cleaned = self.cleaned(far)
        name = type(self).__name__
        held = "\n".join(
            text
            for given in (self.settings(far), self.tocsin(far), self.django_settings(far))
            for text in strings_in(given)
        )
        for place, secret in enumerate(self.secrets):
            promise(
                len(secret) >= SHORTEST_SECRET and secret in held,
                f"{name}.secrets[{place}] is in neither settings() nor tocsin(), or has fewer than "
                f"{SHORTEST_SECRET} characters: the tests would prove nothing.",
            )
        promise(
            self.secrets or not cleaned.secret,
            f"{channel.form.__name__} has secret_fields: put a secret into settings(), and name it in "
            f"{name}.secrets.",
        )
        self._silent("An open setting", *strings_in(cleaned.open))

    def test_names_of_a_destination_show_no_secret(self, far: FarSide) -> None:
        """Identity and label of a destination, which people and logs see, show no secret."""
        target = self.target(far)
        self._silent("The identity", target.identity)
        self._silent("target_label()", target.label)
        promise(
            target.label.strip() and target.label[:MAX_LABEL].isprintable(),
            f"target_label() gave {target.label!r}: one printable line, best of at most {MAX_LABEL} characters.",
        )

    def test_reprs_show_no_secret(self, far: FarSide, channel: Channel) -> None:
        """The repr of a message, its destination and its settings, which tracebacks print, shows no secret."""
        message = self.message(far)
        self._silent("repr(message)", repr(message), str(message))
        self._silent("repr(target)", message.target)
        self._silent("repr(settings)", self.cleaned(far))
        far.answer("accepted")
        self.send(channel, message)
        self._silent("repr(channel)", repr(channel), vars(channel))

    def test_render_shows_no_secret(self, far: FarSide, channel: Channel) -> None:
        """What `render` makes, which previews show, has no secret in it."""
        self._silent("render()", channel.render(self.message(far)))

    def test_errors_of_settings_show_no_secret(self, far: FarSide, channel: Channel) -> None:
        """An error about a setting does not repeat the secrets that came with it, or in it."""
        given = self.settings(far)
        for name in channel.form.base_fields:
            for unfit in ("\x00", "\x1b \r\n\\", "x" * 10_000):
                try:
                    self.clean({**given, name: f"{given.get(name, '')}{unfit}x"})
                except InvalidInput as error:
                    self._silent(f"The error of a wrong {name}", str(error), *map(str, error.errors))
        self._silent("The JSON Schema", json_schema(channel.form))

    @pytest.mark.parametrize("kind", ["accepted", "refused", "gone", "throttled", "failing", "dropping"])
    def test_outcomes_and_logs_show_no_secret(
        self, far: FarSide, channel: Channel, kind: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """No outcome, log record (at any level) or printed line shows a secret, whatever the far side says."""
        self.need(kind)
        far.answer(kind)
        if isinstance(far, HttpFarSide):
            far.echoing = True
        self._sent_in_silence(far, channel, self.message(far), capfd)

    def test_a_failure_shows_no_secret(
        self, far: FarSide, channel: Channel, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """When the channel's own code fails, neither the outcome nor the log shows the settings."""
        message = self.message(far)
        object.__setattr__(message.target, "settings", _Unreadable(message.target.settings))
        self._sent_in_silence(far, channel, message, capfd)

    def _sent_in_silence(
        self, far: FarSide, channel: Channel, message: Message, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with listening(self.loggers_of_far_side) as heard:
            answered = self.send_all(channel, Claim([message]))
        self._silent("The outcome", *(outcome for _, outcome in answered))
        self._silent("A log record", *heard)
        self._silent("What is printed", *capfd.readouterr())

    def _silent(self, where: str, *said: object) -> None:
        """Fail if anything said shows one of the secrets. The failure does not repeat it."""
        texts = [thing if isinstance(thing, str) else repr(thing) for thing in said]
        for place, secret in enumerate(self.secrets):
            shown = any(shape in text for shape in disguises(secret) for text in texts)
            promise(not shown, f"{where} shows {type(self).__name__}.secrets[{place}]: {REMEDY}")


class _Unreadable(dict):  # type: ignore[type-arg]
    """Settings whose reading fails with an error that tells all of them."""

    def __getitem__(self, name: str) -> object:
        raise RuntimeError(f"no {name} among {' '.join(map(str, self.values()))}")
