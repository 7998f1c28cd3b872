"""Messages of the tests, and how they are sent to a loopback Jira."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.http_sink import Reply
from tocsin.channels import http
from tocsin.channels.forms import clean_settings
from tocsin.channels.jira import JiraChannel
from tocsin.testing import make_message

if TYPE_CHECKING:
    from tests.servers.jira import JiraServer
    from tocsin.channels.base import Message, Outcome

channel = JiraChannel()
EVENT = make_message().event
GROUP = {"group_key": "disk-db1"}
RESOLVED = GROUP | {"action": "resolve", "status": "resolved", "title": "Room again"}
LOST = Reply(201, b'{"id": "1', fault="cut")


def message_to(jira: JiraServer, given: Any = (), **changes: Any) -> Message:
    """A message to the destination that the server is, with these settings over its own."""
    cleaned = clean_settings(JiraChannel.form, jira.settings | dict(given))
    return make_message(cleaned.open | cleaned.secret, **changes)


def send(jira: JiraServer, *, given: Any = (), **changes: Any) -> Outcome:
    """What comes of it, whatever was asked for before."""
    http.forget_rests()
    return channel.send(message_to(jira, given, **changes))
