"""What there is to say of a channel: made once, here, for the command line, the API and the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.channels import registry
from tocsin.channels.forms import json_schema

if TYPE_CHECKING:
    from tocsin.channels.base import Channel


def facts(channel: Channel) -> dict[str, Any]:
    """A loaded channel as JSON: what a destination on it needs, what it can do, and whether it is ready."""
    return {
        "slug": channel.slug,
        "label": str(channel.label),
        "schema": json_schema(channel.form),
        "capabilities": capabilities(channel),
        **limits(channel),
        "provider": registry.provider(channel.slug),
        "not_ready": _not_ready(channel),
    }


def _not_ready(channel: Channel) -> str:
    try:
        return channel.not_ready()
    except Exception as error:  # of somebody else's channel: the list must still be shown
        return f"not_ready() raised {type(error).__name__}."


def capabilities(channel: Channel) -> list[str]:
    """What a channel can do, in the words of the API."""
    able = {
        "in_app": channel.in_app,
        "addresses": channel.takes_addresses,
        "account_email": channel.uses_account_email,
        "updates": channel.abilities.updates,
        "threads": channel.abilities.threads,
        "closes": channel.abilities.closes,
        "receipts": channel.abilities.receipts,
    }
    return [name for name, true in able.items() if true]


def limits(channel: Channel) -> dict[str, Any]:
    """What it shows, and how much of it, how many at once and how long."""
    return {
        "formats": list(channel.abilities.formats),
        "max_characters": channel.abilities.max_characters,
        "max_bytes": channel.abilities.max_bytes,
        "batch_size": channel.batch_size,
        "deadline_seconds": channel.deadline_seconds,
    }
