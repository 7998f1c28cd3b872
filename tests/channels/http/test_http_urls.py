from __future__ import annotations

import pycurl
import pytest

from tests.channels.http.ssrf_corpus import BLOCKED, MALFORMED
from tocsin.channels import http
from tocsin.channels.http.urls import AddressBlocked, parse
from tocsin.errors import InvalidInput

# fmt: off
GOOD = [
    ("https://hooks.example.com/T0/B0?token=a%20b", "https://hooks.example.com:443"),
    ("http://hooks.example.com", "http://hooks.example.com:80"),
    ("HTTPS://Hooks.Example.COM/", "https://hooks.example.com:443"),
    ("https://hooks.example.com.:8443/x", "https://hooks.example.com.:8443"),
    ("https://a_b.example.com/", "https://a_b.example.com:443"),
    ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example:443"),
    ("https://example.com?a[]=1", "https://example.com:443"),
    ("https://example.com/@handle", "https://example.com:443"),
    ("https://8.8.8.8/", "https://8.8.8.8:443"),
    ("https://134744072/", "https://134744072:443"),
    ("https://[2606:4700:4700::1111]:8080/", "https://[2606:4700:4700::1111]:8080"),
    ("https://[2606:4700:4700:0:0:0:0:1111]/", "https://[2606:4700:4700::1111]:443"),
    ("https://[64:ff9b::808:808]/", "https://[64:ff9b::808:808]:443"),
    ("https://[2002:808:808::1]/", "https://[2002:808:808::1]:443"),
    ("https://1e100.net/", "https://1e100.net:443"),
    ("https://127.0.0.1.nip.io/", "https://127.0.0.1.nip.io:443"),
]
# fmt: on


@pytest.fixture(autouse=True)
def _no_networks(settings):
    settings.TOCSIN = {}


@pytest.mark.parametrize(("url", "origin"), GOOD)
def test_a_public_url_is_accepted(url, origin):
    http.check_url(url)
    assert parse(url).origin == origin


@pytest.mark.parametrize("url", BLOCKED)
def test_a_private_address_is_blocked_however_it_is_written(url):
    with pytest.raises(AddressBlocked) as caught:
        http.check_url(url)
    assert caught.value.errors[0].field == "settings.url"
    assert "ALLOWED_PRIVATE_NETWORKS" in caught.value.errors[0].remedy


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_refused_with_a_remedy(url):
    with pytest.raises(InvalidInput) as caught:
        http.check_url(url)
    assert not isinstance(caught.value, AddressBlocked)
    assert caught.value.errors[0].field == "settings.url"
    assert caught.value.errors[0].remedy


def test_a_user_name_is_refused_by_its_name():
    with pytest.raises(InvalidInput, match="user name"):
        http.check_url("https://me@example.com/")


def test_the_error_repeats_neither_path_nor_password():
    for url in ("https://me:hunter22@example.com/", "https://127.0.0.1/hunter22", "https://a b/hunter22"):
        with pytest.raises(InvalidInput) as caught:
            http.check_url(url)
        assert "hunter22" not in str(caught.value)


def test_what_is_no_text_is_refused():
    with pytest.raises(InvalidInput):
        http.check_url(None)


@pytest.mark.parametrize(
    ("network", "url", "fine"),
    [
        ("127.0.0.0/8", "http://127.0.0.1:8080/", True),
        ("127.0.0.0/8", "http://localhost:8080/", True),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/", True),
        ("127.0.0.0/8", "http://[64:ff9b::7f00:1]/", True),
        ("127.0.0.0/8", "http://[::1]/", False),
        ("127.0.0.0/8", "http://10.0.0.1/", False),
        ("127.0.0.0/8", "http://[::127.0.0.1]/", False),
        ("::1/128", "http://[::1]/", True),
        ("fd00::/8", "http://[fd00::7]/", True),
        ("10.1.0.0/16", "http://10.1.2.3/", True),
        ("10.1.0.0/16", "http://10.2.2.3/", False),
        ("127.0.0.0/8", "http://127.0.0.1:22/", False),
    ],
)
def test_the_operator_may_allow_a_network(settings, network, url, fine):
    settings.TOCSIN = {"ALLOWED_PRIVATE_NETWORKS": [network]}
    if fine:
        return http.check_url(url)
    with pytest.raises(InvalidInput):
        http.check_url(url)
    return None


@pytest.mark.parametrize(("url", "origin"), GOOD)
def test_curl_reads_the_accepted_urls_as_we_do(url, origin):
    if not hasattr(pycurl, "CurlUrl"):
        pytest.skip("this pycurl does not show curl's own parser")
    read = pycurl.CurlUrl(url)
    port = read.port or (443 if read.scheme == "https" else 80)
    assert f"{read.scheme}://{read.host}:{port}".lower() == origin.replace("134744072", "8.8.8.8")
