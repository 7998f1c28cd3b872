"""What the author of a channel tells the contract, and how its tests send a message."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import django
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.test import override_settings

from tocsin.channels import http
from tocsin.channels.base import Message, Outcome, Target
from tocsin.channels.forms import clean_settings
from tocsin.deliveries import foreign
from tocsin.errors import InvalidInput
from tocsin.testing.http_far_side import HttpFarSide
from tocsin.testing.messages import make_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tocsin.channels.base import Channel
    from tocsin.channels.forms import CleanSettings
    from tocsin.testing.far_side import FarSide, Reply

T = TypeVar("T")
ALLOWED = {"ALLOWED_PRIVATE_NETWORKS": ["127.0.0.0/8"]}


def promise(kept: object, told: str) -> None:
    """Fail the test with `told`, which says what to do, unless the promise is kept."""
    __tracebackhide__ = True
    if not kept:
        raise AssertionError(told)


def strings_in(value: Any) -> Iterator[str]:
    """Every string inside JSON, however deep; no keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_in(inner)


def decoded(sent: str) -> str:
    """The strings of a JSON document, a line each; any other text as it is."""
    try:
        return "\n".join(strings_in(json.loads(sent)))
    except ValueError:
        return sent


def mark(number: int) -> str:
    """The word by which message `number` is known at the far side."""
    return f"zq{number}qz"


class Claim:
    """What one claim gave a channel, and what a further one will: a Feed."""

    def __init__(self, first: Iterable[Message], later: Iterable[Message] = ()) -> None:
        self._first = tuple(first)
        self._later = list(later)
        self.given = list(self._first)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._first)

    def more(self, free: int) -> list[Message]:
        """Up to `free` of those that came later."""
        given, self._later = self._later[:free], self._later[free:]
        self.given += given
        return given


class Author:
    """All that a contract class may set or override. The channel's class is required, and its settings."""

    channel_class: ClassVar[type[Channel] | None] = None
    """The Channel subclass that is to be proven right."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Texts inside `settings()` or `tocsin()` that nothing may ever show."""
    bad_settings: ClassVar[tuple[tuple[Any, str], ...]] = ()
    """Settings that must be refused, each with the field that the error must name."""
    replies: ClassVar[Mapping[str, Reply]] = {}
    """The far side's own answers: kind → Reply, over the defaults of `HttpFarSide`."""
    unsupported: ClassVar[tuple[str, ...]] = ()
    """Kinds that the protocol does not know; their tests are skipped."""
    markup: ClassVar[tuple[str, ...]] = ()
    """Markup of the far side that no event may bring in, such as "<!channel>": sent in every field of an event."""
    by_operator: ClassVar[bool] = False
    """Whether `settings()` are such as only the operator may give."""
    loggers_of_far_side: ClassVar[tuple[str, ...]] = ()
    """Loggers of a far side that runs in this process: what they say is not the channel's."""
    short_deadline: ClassVar[float] = 1.0
    """`deadline_seconds` of the channel where the far side never answers."""
    margin: ClassVar[float] = 5.0
    """Seconds by which a send may outlast its deadline before its test fails."""

    def settings(self, far_side: Any) -> dict[str, Any]:
        """The settings of one valid destination at the far side."""
        return {}

    def tocsin(self, far_side: Any) -> dict[str, Any]:
        """Keys of TOCSIN that the channel needs; loopback is allowed already."""
        return {}

    def django_settings(self, far_side: Any) -> dict[str, Any]:
        """Other settings of Django that the channel needs."""
        return {}

    def far_side(self) -> FarSide:
        """A new far side. Override it for another protocol than HTTP."""
        return HttpFarSide(self.replies)

    def shown(self, sent: str) -> str:
        """The text that a person sees of one payload: by default every string of a JSON document, or all of it."""
        return decoded(sent)

    def neutral(self, text: str) -> str:
        """How the far side shows `text` where the channel's documentation says that it is changed."""
        return text

    @pytest.fixture
    def far(self) -> Iterator[FarSide]:
        """A far side of this test's own, and the settings that let the channel reach it."""
        promise(self.channel_class, f"Set {type(self).__name__}.channel_class to the class of your channel.")
        _have_django()
        with self.far_side() as far_side, self._configured(far_side):
            yield far_side

    @contextmanager
    def _configured(self, far_side: FarSide) -> Iterator[None]:
        http.forget_rests()  # a channel may count its limits by account, whatever the port
        tocsin = ALLOWED | self.tocsin(far_side)
        with override_settings(**self.django_settings(far_side), TOCSIN=tocsin):
            yield

    @pytest.fixture
    def channel(self, far: FarSide) -> Channel:
        """The channel under test."""
        return self.made()

    def made(self, **attributes: Any) -> Channel:
        """An instance of the channel, of a subclass where attributes of the class are to differ."""
        known: Any = self.channel_class
        if attributes:
            known = type(known.__name__, (known,), {"__module__": known.__module__, **attributes})
        channel: Channel = known()
        return channel

    def clean(self, given: object) -> CleanSettings:
        """What the form makes of settings. Raises `InvalidInput` where it refuses them."""
        form = self.made().form
        try:
            return clean_settings(form, given, by_operator=self.by_operator)
        except InvalidInput:
            raise
        except Exception as error:
            told = (
                f"{form.__name__} raised {type(error).__name__}: let it raise ValidationError for any input."
            )
            raise AssertionError(told) from error

    def cleaned(self, far_side: FarSide) -> CleanSettings:
        """The valid settings as they are stored."""
        try:
            return self.clean(self.settings(far_side))
        except InvalidInput as error:
            raise AssertionError(f"What settings() gives was refused: {error}") from error

    def target(self, far_side: FarSide) -> Target:
        """The valid destination."""
        cleaned = self.cleaned(far_side)
        values = cleaned.open | cleaned.secret
        return Target(cleaned.identity, self.made().target_label(values), values)

    def message(self, far_side: FarSide, number: int = 1, **overrides: Any) -> Message:
        """Message `number` to the valid destination; overrides as in `make_message`."""
        given: dict[str, Any] = {"title": f"Message {mark(number)}", "body": "It is so."}
        return make_message(delivery_id=number, **(given | {"target": self.target(far_side)} | overrides))

    def send(self, channel: Channel, message: Message) -> object:
        """What `channel.send` answers. It must return within its deadline and the margin."""
        __tracebackhide__ = True
        try:
            return self.within(channel.deadline_seconds, lambda: channel.send(message))
        except Exception as error:
            raise AssertionError(
                f"send() raised {type(error).__name__}, which a worker records as a bug of the channel: catch "
                "what the far side's library raises, and return Retry or Rejected with its Cause."
            ) from error

    def send_all(self, channel: Channel, feed: Claim) -> list[tuple[Message, Outcome]]:
        """What the channel answers for a claim, handed to it as a worker would."""
        run = foreign.send_batch if foreign.is_foreign(channel) else type(channel).send_batch
        return self.batch(channel.deadline_seconds, lambda: run(channel, feed))

    def batch(self, seconds: float, run: Callable[[], Iterable[Any]]) -> list[tuple[Message, Outcome]]:
        """All that a batch yields, which must be over after `seconds` and the margin."""
        __tracebackhide__ = True
        try:
            answered = self.within(seconds, lambda: list(run()))
        except Exception as error:
            raise AssertionError(
                f"send_batch() raised {type(error).__name__}, and left messages without an outcome: catch what "
                "concerns one message, and yield its outcome (self.attempt(message) does both)."
            ) from error
        odd = [pair for pair in answered if not (isinstance(pair, tuple) and len(pair) == 2)]
        promise(not odd, f"send_batch() yielded {odd[:1]}: yield pairs of a message and its outcome.")
        return answered

    def within(self, seconds: float, call: Callable[[], T]) -> T:
        """What `call` returns or raises; the test fails if it has not ended `margin` after `seconds`."""
        __tracebackhide__ = True
        ended: list[tuple[Any, BaseException | None]] = []

        def run() -> None:
            try:
                ended.append((call(), None))
            except BaseException as error:
                ended.append((None, error))

        thread = threading.Thread(target=run, name="tocsin-contract", daemon=True)
        thread.start()
        thread.join(seconds + self.margin)
        if not ended:
            pytest.fail(
                f"The channel was still at it {self.margin:g} s after its deadline of {seconds:g} s: give every "
                "socket and every call of a library a timeout, so that all ends within self.deadline_seconds.",
                pytrace=False,
            )
        [(value, error)] = ended
        if error is not None:
            raise error
        answer: T = value
        return answer

    def need(self, *kinds: str) -> None:
        """Skip the test if the protocol does not know one of these kinds."""
        if missing := sorted({*kinds} & {*self.unsupported}):
            pytest.skip(f"{type(self).__name__}.unsupported names {', '.join(missing)}")

    def arrived(self, far_side: FarSide, number: int) -> list[int]:
        """The places, among the payloads, of those that speak of message `number`."""
        sent = far_side.payloads()
        return [place for place, payload in enumerate(sent) if mark(number) in self.shown(payload)]


def _have_django() -> None:
    """Set Django up where nobody has: a plugin's tests may need nothing of it."""
    if not django_settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        django_settings.configure(SECRET_KEY="for tests of channels", USE_TZ=True)  # noqa: S106
    if not apps.ready:
        django.setup()
