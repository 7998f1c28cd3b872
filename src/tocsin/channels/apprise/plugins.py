"""Apprise's plugins as this channel uses them: no redirects, retries, waiting, files, storage, or lines in a log."""

from __future__ import annotations

import logging
import sys
from email import charset
from functools import cache
from typing import TYPE_CHECKING, Any

import apprise
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict

from tocsin.channels.apprise.allowed import ALLOWED
from tocsin.channels.apprise.ears import EARS, listening
from tocsin.channels.apprise.values import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apprise.plugins.base import NotifyBase

_ASSET = apprise.AppriseAsset(
    app_id="tocsin",
    app_desc="tocsin",
    app_url="",
    image_url_mask="",
    image_url_logo="",
    async_mode=False,
    default_service_retry=0,
    http_redirects=False,
    interpret_emojis=False,
    interpret_escapes=False,
    pem_autogen=False,
    pgp_autogen=False,
    secure_logging=True,
    storage_mode=apprise.PersistentStoreMode.MEMORY,
    allow_templates=False,
)


class UnusableError(ValueError):
    """Apprise does not take these settings. Its own words are not repeated: they have the values in them."""


class SlowDown(Exception):
    """The far side asked to wait `seconds`; the plugin would have slept in our thread."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@cache
def all_plugins() -> NotificationManager:
    """Apprise's plugins, loaded. One of them changes how all of this process writes UTF-8 headers: that is undone."""
    kept = dict(charset.CHARSETS)
    manager = NotificationManager()  # type: ignore[no-untyped-call]
    manager.load_modules()  # type: ignore[no-untyped-call]
    charset.CHARSETS.clear()
    charset.CHARSETS.update(kept)
    return manager


def plugin_class(schema: str) -> type[NotifyBase]:
    """The plugin of a schema. Raises `UnusableError` where it is not there or lacks a package."""
    plugins = all_plugins()
    if schema not in plugins or not plugins[schema].enabled:
        raise UnusableError
    found: type[NotifyBase] = plugins[schema]
    return found


def plugin_of(
    service: str, values: Mapping[str, str], deadline: float = 10.0, incident: str = "none"
) -> NotifyBase:
    """The plugin of an allowed service. `incident` names what the message is about. Raises `UnusableError`."""
    if service not in ALLOWED:
        raise UnusableError
    found = plugin_class(service)
    try:
        made = arguments(values, ALLOWED[service], found)
    except KeyError:
        raise UnusableError from None
    if name := ALLOWED[service].incident:
        made[name] = incident
    with listening() as heard:
        plugin = _made({"schema": service, "secure": True, **made}, deadline)
    if any(line.level >= logging.WARNING for line in heard):
        raise UnusableError  # a plugin only grumbles about a target that it then leaves out
    return plugin


def plugin_of_url(url: str, deadline: float = 10.0) -> NotifyBase:
    """The plugin of a whole Apprise URL, which may name any host. Raises `UnusableError`."""
    all_plugins()
    with listening():
        parsed = url_to_dict(url, secure_logging=True)  # type: ignore[no-untyped-call]
        if not parsed:
            raise UnusableError
        return _made(parsed, deadline)


def _made(given: Mapping[str, Any], deadline: float) -> NotifyBase:
    try:
        plugin: NotifyBase = _tamed(given["schema"])(**given, asset=_ASSET)
    except Exception:  # foreign code, whose words are not to be repeated
        raise UnusableError from None
    plugin.redirects = False
    plugin.retry = 0
    plugin.overflow_mode = apprise.OverflowMode.TRUNCATE
    plugin.socket_connect_timeout = deadline / 4
    plugin.socket_read_timeout = deadline / 2
    return plugin


def _no_waiting(self: NotifyBase, last_io: object = None, wait: float | None = None) -> None:
    if wait:
        raise SlowDown(wait)


@cache
def _tamed(schema: str) -> type[NotifyBase]:
    found = plugin_class(schema)
    return type(
        found.__name__,
        (found,),
        {
            "__module__": found.__module__,
            "attachment_support": False,
            "logger": EARS,
            "ntfy_json_upstream_size_limit": sys.maxsize,  # beyond it ntfy's plugin makes a file of the text
            "throttle": _no_waiting,
        },
    )
