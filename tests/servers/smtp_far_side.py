"""The channel contract over SMTP: a far side that does at the final dot what it is told to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pytest

from tests.channels.email.mails import SMTP, as_backend
from tests.servers.smtp_catcher import CLOSE, HANG, SmtpCatcher
from tocsin.channels.mail import idle
from tocsin.testing import ChannelContract

if TYPE_CHECKING:
    from tests.servers.smtp_catcher import Caught

REPLIES = {
    "accepted": None,
    "refused": "554 5.7.1 refused",
    "gone": "550 5.1.1 no such user",
    "failing": "451 4.3.0 local error",
    "hanging": HANG,
    "dropping": CLOSE,
}
"""SMTP has no way to ask for seconds: "throttled" is not among them."""
USER = "tocsin"


class SmtpFarSide:
    """`with SmtpFarSide() as far_side:` listens at `far_side.host`, `far_side.port`."""

    def __init__(self, password: str) -> None:
        self.catcher = SmtpCatcher(data=self._reply, login=(USER, password))
        self._script: list[str] = ["accepted"]

    def __enter__(self) -> Self:
        self.catcher.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.catcher.__exit__(*exc)

    @property
    def host(self) -> str:
        return self.catcher.host

    @property
    def port(self) -> int:
        return self.catcher.port

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}/"

    def answer(self, *kinds: str) -> None:
        """What to do with the following messages in turn; the last kind is for all that come after."""
        if unknown := [kind for kind in kinds if kind not in REPLIES]:
            raise ValueError(f"unknown kinds {unknown}; known are {', '.join(REPLIES)}")
        self._script = list(kinds)

    def payloads(self) -> list[str]:
        """Every message that arrived in full, as its bytes read."""
        return [caught.content.decode("ascii") for caught in list(self.catcher.messages)]

    def _reply(self, caught: Caught) -> str | None:
        return REPLIES[self._script.pop(0) if len(self._script) > 1 else self._script[0]]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
class SmtpContract(ChannelContract):
    """The contract of a channel whose way out is the project's own SMTP server, which wants a password."""

    secrets = ("canary-smtp-password",)
    unsupported = ("throttled",)

    @pytest.fixture(autouse=True)
    def _own_connections(self):
        yield
        idle.close()

    def far_side(self) -> SmtpFarSide:
        return SmtpFarSide(self.secrets[0])

    def django_settings(self, far_side: SmtpFarSide) -> dict[str, object]:
        place = {"host": far_side.host, "port": far_side.port, "timeout": 5}
        return as_backend(SMTP, **place, username=USER, password=self.secrets[0])

    def message(self, far_side, number=1, **overrides):
        """Events of different titles have different ids: a letter is written once for each event."""
        return super().message(
            far_side, number, **({"id": f"0192f0c4-1111-7000-8000-{number:012d}"} | overrides)
        )

    def keys(self, far_side: SmtpFarSide) -> list[str]:
        return [caught.parsed["Message-ID"] for caught in far_side.catcher.messages]
