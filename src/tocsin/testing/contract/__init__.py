"""The contract that every channel keeps: subclass `ChannelContract` in a test module, and run pytest.

Each file holds one kind of promise; `author.py` what the author of a channel sets.
"""

from __future__ import annotations

from tocsin.testing.contract.answers import AnswerPromises
from tocsin.testing.contract.batches import BatchPromises
from tocsin.testing.contract.declaration import SettingsPromises
from tocsin.testing.contract.following import FollowingPromises
from tocsin.testing.contract.rendering import RenderPromises
from tocsin.testing.contract.secrecy import SecrecyPromises
from tocsin.testing.contract.texts import TextPromises

__all__ = ["ChannelContract"]


class ChannelContract(
    SettingsPromises,
    AnswerPromises,
    BatchPromises,
    SecrecyPromises,
    TextPromises,
    FollowingPromises,
    RenderPromises,
):
    """Proves a channel right. A subclass whose name begins with Test sets at least `channel_class` and `settings`.

    It runs under plain pytest, needs no database, and sets Django up where the project's tests do not. What else a
    subclass may set or override is listed in `Author`; each test's docstring is one promise.
    """
