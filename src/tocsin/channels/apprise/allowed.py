"""Which services of Apprise everyone may use: those whose plugin posts to one host of the provider's own, over https.

`tests/channels/apprise/test_apprise_allowed.py` sends to each of them with hostile values and looks where it goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name, its only host, and the values of Apprise's template that it takes."""

    name: str
    host: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the plugin that nobody may choose."""
    incident: str = ""
    """The argument by which the far side knows events of one incident, and a message that comes twice."""


def _service(
    name: str, host: str, needed: str, optional: str = "", *, incident: str = "", **fixed: Any
) -> Service:
    return Service(name, host, tuple(needed.split()), tuple(optional.split()), fixed, incident)


CHATS = {
    "dingtalk": _service("DingTalk", "oapi.dingtalk.com", "token", "secret"),
    "discord": _service("Discord", "discord.com", "webhook_id webhook_token", "botname"),
    "feishu": _service("Feishu", "open.feishu.cn", "token"),
    "flock": _service("Flock", "api.flock.com", "token", "botname"),
    "gchat": _service("Google Chat", "chat.googleapis.com", "workspace webhook_key webhook_token"),
    "groupme": _service("GroupMe", "api.groupme.com", "bot_id"),
    "lark": _service("Lark", "open.larksuite.com", "token"),
    "line": _service("LINE", "api.line.me", "token targets"),
    "tgram": _service("Telegram", "api.telegram.org", "bot_token targets"),
    "threema": _service("Threema Gateway", "msgapi.threema.ch", "gateway_id secret targets"),
    "viber": _service("Viber", "chatapi.viber.com", "token targets"),
    "webex": _service("Webex", "api.ciscospark.com", "token"),
    "wecombot": _service("WeCom Bot", "qyapi.weixin.qq.com", "key"),
    "whatsapp": _service("WhatsApp", "graph.facebook.com", "token from_phone_id targets"),
    "zoom": _service("Zoom", "inbots.zoom.us", "webhook_id token"),
}
PUSHES = {
    "chanify": _service("Chanify", "api.chanify.net", "token"),
    "ifttt": _service("IFTTT", "maker.ifttt.com", "webhook_id events"),
    "join": _service("Join", "joinjoaomgcd.appspot.com", "apikey targets"),
    "ntfy": _service("ntfy.sh", "ntfy.sh", "topic", mode="cloud"),
    "onesignal": _service("OneSignal", "api.onesignal.com", "app apikey targets"),
    "pbul": _service("Pushbullet", "api.pushbullet.com", "accesstoken", "targets"),
    "pover": _service("Pushover", "api.pushover.net", "user_key token", "targets"),
    "prowl": _service("Prowl", "api.prowlapp.com", "apikey", "providerkey"),
    "push": _service("Techulus Push", "push.techulus.com", "apikey"),
    "pushy": _service("Pushy", "api.pushy.me", "apikey targets"),
}
INCIDENTS = {
    "firehydrant": _service("FireHydrant", "signals.firehydrant.com", "token", incident="dedup"),
    "ilert": _service("ilert", "api.ilert.com", "key", incident="dedup"),
    "incidentio": _service("incident.io", "api.incident.io", "source token", incident="dedup"),
    "pagerduty": _service(
        "PagerDuty",
        "events.pagerduty.com",
        "integrationkey apikey",
        "source component",
        incident="dedup",
        action="map",
    ),
    "signl4": _service("SIGNL4", "connect.signl4.com", "secret", incident="external_id", action="map"),
    "squadcast": _service("Squadcast", "api.squadcast.com", "key", incident="dedup"),
    "victorops": _service(
        "Splunk On-Call", "alert.victorops.com", "routing_key apikey", incident="entity_id"
    ),
}
MAILS = {
    "brevo": _service("Brevo", "api.brevo.com", "apikey from_email targets"),
    "mailersend": _service("MailerSend", "api.mailersend.com", "apikey from_email targets"),
    "postmark": _service("Postmark", "api.postmarkapp.com", "apikey from_email targets"),
    "resend": _service("Resend", "api.resend.com", "apikey from_addr targets"),
    "sendgrid": _service("SendGrid", "api.sendgrid.com", "apikey from_email targets"),
}
TEXTS = {
    "46elks": _service("46elks", "api.46elks.com", "user password from_phone targets"),
    "bulksms": _service("BulkSMS", "api.bulksms.com", "token_id token_secret targets"),
    "clickatell": _service("Clickatell", "platform.clickatell.com", "apikey targets", "source"),
    "clicksend": _service("ClickSend", "rest.clicksend.com", "user apikey targets"),
    "cm": _service("CM.com", "gw.messaging.cm.com", "token targets", "source"),
    "d7sms": _service("D7 Networks", "api.d7networks.com", "token targets"),
    "msgbird": _service("MessageBird", "rest.messagebird.com", "apikey source targets"),
    "plivo": _service("Plivo", "api.plivo.com", "auth_id token source targets"),
    "seven": _service("seven", "gateway.seven.io", "apikey targets"),
    "telnyx": _service("Telnyx", "api.telnyx.com", "apikey from_phone targets"),
    "twilio": _service("Twilio", "api.twilio.com", "account_sid auth_token from_phone targets"),
    "vonage": _service("Vonage", "rest.nexmo.com", "apikey secret from_phone targets"),
}
ALLOWED: dict[str, Service] = dict(sorted((CHATS | PUSHES | INCIDENTS | MAILS | TEXTS).items()))
"""By the name of the schema in Apprise."""


def scheme_of(url: str) -> str:
    """What may be shown of an Apprise URL."""
    return str(url).partition("://")[0].lower() + "://"
