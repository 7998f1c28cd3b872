"""What Slack's answers mean. Its Web API says `"ok": false` under status 200; incoming webhooks say one word."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tocsin import clock
from tocsin.channels import http
from tocsin.channels.base import Cause, Outcome, Rejected, Retry, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = re.compile(r"[a-z_]{1,60}", re.ASCII)
_NEW_URL = "make a new webhook and save its URL"
_NEW_TOKEN = "install the app again and save its token"  # noqa: S105  a sentence
_NO_PERMISSION = "a rule of the workspace forbids it"

GONE: Mapping[str, tuple[Cause, str]] = {
    "account_inactive": (Cause.NOT_AUTHORISED, _NEW_TOKEN),
    "invalid_auth": (Cause.NOT_AUTHORISED, _NEW_TOKEN),
    "not_authed": (Cause.NOT_AUTHORISED, _NEW_TOKEN),
    "token_expired": (Cause.NOT_AUTHORISED, _NEW_TOKEN),
    "token_revoked": (Cause.NOT_AUTHORISED, _NEW_TOKEN),
    "not_allowed_token_type": (Cause.NOT_AUTHORISED, "save the app's bot token (xoxb-…)"),
    "channel_not_found": (Cause.GONE, "the channel is gone, or private and the app not invited"),
    "is_archived": (Cause.GONE, "the channel is archived"),
    "user_not_found": (Cause.GONE, "nobody has this id"),
    "user_disabled": (Cause.GONE, "the person has left the workspace"),
    "cannot_dm_bot": (Cause.GONE, "a bot cannot be written to"),
    "team_not_found": (Cause.GONE, "the workspace is gone"),
    "channel_is_archived": (Cause.GONE, "the channel is archived"),
    "invalid_token": (Cause.GONE, _NEW_URL),
    "no_active_hooks": (Cause.GONE, _NEW_URL),
    "no_service": (Cause.GONE, _NEW_URL),
    "no_service_id": (Cause.GONE, _NEW_URL),
    "no_team": (Cause.GONE, _NEW_URL),
    "team_disabled": (Cause.GONE, "the workspace is switched off"),
}
"""The destination itself is at fault: it is disabled, and its owner reads the second half."""

REJECTED: Mapping[str, tuple[Cause, str]] = {
    "not_in_channel": (Cause.REFUSED_RECIPIENT, "invite the app to the channel"),
    "missing_scope": (Cause.NOT_AUTHORISED, "give the app the scope chat:write"),
    "no_permission": (Cause.NOT_AUTHORISED, "invite the app to the channel"),
    "access_denied": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "action_prohibited": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "posting_to_general_channel_denied": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "restricted_action": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "restricted_action_read_only_channel": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "restricted_action_thread_only_channel": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "restricted_action_non_threadable_channel": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "team_access_not_granted": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "two_factor_setup_required": (Cause.NOT_AUTHORISED, _NO_PERMISSION),
    "msg_too_long": (Cause.TOO_LARGE, ""),
    "msg_blocks_too_long": (Cause.TOO_LARGE, ""),
    "metadata_too_large": (Cause.TOO_LARGE, ""),
    "too_many_attachments": (Cause.TOO_LARGE, ""),
}
"""Nothing to try again; the destination may serve for the next message."""

RETRIED: Mapping[str, Cause] = {
    "rate_limited": Cause.THROTTLED,
    "ratelimited": Cause.THROTTLED,
    "message_limit_exceeded": Cause.THROTTLED,
    "accesslimited": Cause.SERVER_ERROR,
    "ekm_access_denied": Cause.SERVER_ERROR,
    "external_channel_migrating": Cause.SERVER_ERROR,
    "fatal_error": Cause.SERVER_ERROR,
    "internal_error": Cause.SERVER_ERROR,
    "org_login_required": Cause.SERVER_ERROR,
    "request_timeout": Cause.SERVER_ERROR,
    "rollup_error": Cause.SERVER_ERROR,
    "service_unavailable": Cause.SERVER_ERROR,
    "team_added_to_org": Cause.SERVER_ERROR,
    "update_failed": Cause.SERVER_ERROR,
}

ROOT_GONE = frozenset({"message_not_found", "thread_not_found"})
ROOT_FIXED = frozenset(
    {"cant_update_message", "edit_window_closed", "is_inactive", "block_mismatch", "streaming_state_conflict"}
)
"""Errors of `chat.update` that leave the message as it was and do not keep a reply from its thread."""


def read(response: http.Response) -> Outcome:
    """The outcome of a post. Of Slack's words only known shapes ([a-z_]) are repeated."""
    answer = _json(response.body)
    if answer.get("ok") is True:
        return Sent(_name(answer))
    word = answer.get("error") or response.body.decode("utf-8", "replace").strip()
    if response.status == 200 and word == "ok":
        return Sent()
    if isinstance(word, str) and _WORD.fullmatch(word):
        return _meant(word, response)
    if 200 <= response.status < 300:
        return Retry(
            Cause.SERVER_ERROR, f"{http.origin_of(response.request.url)} did not answer as Slack does"
        )
    return http.classify(response)


def read_update(response: http.Response) -> Outcome:
    """The outcome of `chat.update`: `Sent` means "go on", without a name if the message is no longer there."""
    word = _json(response.body).get("error")
    if word in ROOT_GONE:
        return Sent()
    if word in ROOT_FIXED:
        return Sent("unchanged")
    return read(response)


def _meant(word: str, response: http.Response) -> Outcome:
    if word in GONE:
        cause, hint = GONE[word]
        return Rejected(cause, f"Slack answered {word}: {hint}.", disable_destination=True)
    if word in REJECTED:
        cause, hint = REJECTED[word]
        return Rejected(cause, f"Slack answered {word}{hint and f': {hint}'}.")
    general = http.classify(response)
    after = http.parse_retry_after(response.header("retry-after"), clock.now())
    if word in RETRIED or response.status == 429:
        return Retry(RETRIED.get(word, Cause.THROTTLED), f"Slack answered {word}.", after)
    if isinstance(general, Retry):
        return Retry(general.cause, f"Slack answered {word}.", general.after)
    if isinstance(general, Rejected):
        return Rejected(general.cause, f"Slack answered {word}.", general.disable_destination)
    return Rejected(Cause.REFUSED_CONTENT, f"Slack answered {word}.")


def _name(answer: Mapping[str, object]) -> str:
    """Slack's name of a message: its channel's id and its time, which is what replies and updates need."""
    channel, ts = answer.get("channel"), answer.get("ts")
    return f"{channel}/{ts}" if isinstance(channel, str) and isinstance(ts, str) else ""


def _json(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
