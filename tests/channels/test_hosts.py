"""What host a destination's channel talks to: read from its URL, or the provider's."""

from __future__ import annotations

import pytest

from tocsin.channels import registry
from tocsin.channels.redact import host_in


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Hooks.Example.COM/t0ken", "hooks.example.com"),
        ("https://hooks.example.com.:8443?x=1", "hooks.example.com"),
        ("http://user:pa@ss@hooks.example.com#x", "hooks.example.com"),
        ("https://[2001:db8::1]:8443/x", "2001:db8::1"),
        ("https://10.0.0.1/", "10.0.0.1"),
        ("slack://t0kenA/t0kenB", ""),
        ("hooks.example.com", ""),
        ("", ""),
    ],
)
def test_the_host_of_a_url_is_one_word(url, host) -> None:
    assert host_in(url) == host


@pytest.mark.parametrize(
    ("slug", "given", "host"),
    [
        ("webhook", {"url": "https://hooks.example.com/x"}, "hooks.example.com"),
        (
            "msteams",
            {"url": "https://prod-1.westeurope.logic.azure.com/x"},
            "prod-1.westeurope.logic.azure.com",
        ),
        ("jira", {"url": "https://acme.atlassian.net"}, "acme.atlassian.net"),
        ("slack", {"webhook_url": "https://hooks.slack.com/services/T/B/x"}, "hooks.slack.com"),
        ("slack", {"token": "xoxb-1", "channel": "#ops"}, "slack.com"),
        ("pagerduty", {"routing_key": "x"}, "events.pagerduty.com"),
        ("pagerduty", {"routing_key": "x", "region": "eu"}, "events.eu.pagerduty.com"),
        ("github", {"repository": "acme/web"}, "api.github.com"),
        ("sms", {"phone_number": "+4722225555"}, ""),
        ("email", {"email_address": "ana@example.org"}, ""),
    ],
)
def test_each_channel_says_what_it_talks_to(slug, given, host) -> None:
    assert registry.get(slug).host_of(given) == host


def test_a_push_service_is_the_endpoints_host() -> None:
    webpush = pytest.importorskip("tocsin.channels.webpush")
    given = {"endpoint": "https://updates.push.services.mozilla.com/wpush/v2/x"}
    assert webpush.WebpushChannel().host_of(given) == "updates.push.services.mozilla.com"


def test_what_stands_in_an_apprise_url_is_nobodys_to_see() -> None:
    apprise = pytest.importorskip("tocsin.channels.apprise")
    assert apprise.AppriseChannel().host_of({"url": "https://t0ken.example.com/"}) == ""


def test_an_operators_own_server_is_the_host(settings) -> None:
    account = {"url": "https://sms.example.net/send", "user": "u", "password": "p", "from": "+47"}
    settings.TOCSIN = settings.TOCSIN | {
        "SLACK_API_URL": "https://slack.example.net/api/",
        "PAGERDUTY_URL": "https://pager.example.net",
        "GITHUB_API_URL": "https://git.example.net/api/v3",
        "SMS_HTTP": account,
    }
    hosts = [registry.get(slug).host_of({}) for slug in ("slack", "pagerduty", "github", "sms")]
    assert hosts == ["slack.example.net", "pager.example.net", "git.example.net", "sms.example.net"]
