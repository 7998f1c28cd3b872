"""Channel `apprise`: the long tail of services, through the package of that name. Runs apart, as foreign code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from tocsin.channels.apprise.allowed import ALLOWED, scheme_of
from tocsin.channels.apprise.form import AppriseForm
from tocsin.channels.apprise.wording import MAX_CHARACTERS, text_of, title_of
from tocsin.channels.base import Abilities, Channel, Message, Outcome, Rendered
from tocsin.channels.extras import need

if TYPE_CHECKING:
    from collections.abc import Mapping

need("apprise")


class AppriseChannel(Channel):
    """Hands each message to the plugin of one service."""

    slug = "apprise"
    label = _("Apprise")
    form = AppriseForm
    deadline_seconds: ClassVar[float] = 20.0
    runs_foreign_code: ClassVar[bool] = True
    abilities: ClassVar[Abilities] = Abilities(formats=("text",), max_characters=MAX_CHARACTERS)

    def target_label(self, settings: Mapping[str, Any]) -> str:
        """The service's name, or the scheme of a URL: the rest of it is secret."""
        service = ALLOWED.get(settings.get("service", ""))
        return service.name if service else scheme_of(settings.get("url", ""))

    def host_of(self, settings: Mapping[str, Any]) -> str:
        """None: what stands there in an Apprise URL often is a token."""
        return ""

    def render(self, message: Message) -> Rendered:
        return Rendered(title_of(message), text_of(message))

    def send(self, message: Message) -> Outcome:
        from tocsin.channels.apprise.handover import hand_over

        return hand_over(message, self.render(message), self.deadline_seconds)

    def secrets_of(self, message: Message) -> list[str]:
        """Also as they look inside a URL; and of an Apprise URL the host, which often is a token."""
        found = super().secrets_of(message)
        found += [quote(text, safe="") for text in found]
        return [*found, _host(message.target.settings.get("url", ""))]


def _host(url: str) -> str:
    return str(url).partition("://")[2].partition("/")[0].rpartition("@")[2]
