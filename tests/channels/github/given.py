"""What the tests of the GitHub channel send, and where to."""

from __future__ import annotations

from tests.servers.github import PEM, TOKEN
from tocsin import clock
from tocsin.channels.base import Sent
from tocsin.channels.github import GithubChannel
from tocsin.testing import make_message

channel = GithubChannel()
BY_TOKEN = {"repository": "acme/web", "token": TOKEN, "mode": "issue"}
AS_APP = {"repository": "acme/web", "app_id": "4711", "installation_id": "7", "private_key": PEM}
DISPATCH = BY_TOKEN | {"mode": "dispatch"}
FIRST = Sent("acme/web/issues/1")
THREAD = FIRST.provider_id


def said(*_, given=BY_TOKEN, **changes):
    changes = {"group_key": "disk-db1", "created_at": clock.now()} | changes
    return make_message(given, **changes)


def send(**changes):
    return channel.send(said(**changes))
