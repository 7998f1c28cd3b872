"""Who may send where: the allow-list is what the public door takes, and each service of it stays at its host."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import apprise
import pytest
import requests

from tests.channels.apprise.samples import SMUGGLED, VALUES
from tocsin.channels.apprise import AppriseChannel
from tocsin.channels.apprise.allowed import ALLOWED
from tocsin.channels.apprise.plugins import all_plugins
from tocsin.channels.base import Cause, Rejected, Sent
from tocsin.channels.forms import clean_settings
from tocsin.errors import InvalidInput
from tocsin.testing import make_message

channel = AppriseChannel()
PLUGINS = all_plugins()
SCHEMAS = sorted(PLUGINS.schemas())
ALONE = {"groupme", "webex"}


@pytest.fixture
def posted(monkeypatch):
    """What leaves through requests, which every plugin on the list uses, in place of the network."""
    sent = []

    def send(adapter, request, **options):
        sent.append((request, options))
        response = requests.Response()
        response.status_code, response._content, response.request = 200, b'{"status": 0}', request
        response.url = request.url
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return sent


def settings(service, **values):
    return {"service": service, "values": VALUES[service] | values}


def cleaned(given):
    made = clean_settings(AppriseChannel.form, given)
    return made.open | made.secret


def problems(given):
    """The fields that are refused."""
    try:
        clean_settings(AppriseChannel.form, given)
    except InvalidInput as error:
        return [found.field for found in error.errors]
    return []


def test_every_service_on_the_list_has_a_sample():
    assert sorted(VALUES) == sorted(ALLOWED)
    assert len(SCHEMAS) > 150


def test_of_all_schemas_of_apprise_the_list_and_nothing_else_is_accepted():
    accepted = set()
    for schema in SCHEMAS:
        tokens = PLUGINS[schema].template_tokens
        values = VALUES.get(schema) or {name: "abcdef0123456789" for name in tokens if name != "schema"}
        if not (wrong := problems({"service": schema, "values": values})):
            accepted.add(schema)
        assert wrong in ([], ["settings.service"])
    assert accepted == set(ALLOWED)


@pytest.mark.parametrize("form", ["{}", "{} ", " {}", "{}s", "{}://", "{}://x/y"])
def test_a_service_is_called_by_its_name_alone(form):
    for schema in SCHEMAS:
        if (name := form.format(schema)) not in ALLOWED:
            with pytest.raises(InvalidInput):
                clean_settings(AppriseChannel.form, {"service": name, "values": VALUES.get(schema, {})})
    for schema in ALLOWED:
        for name in (schema.upper(), schema.title()):
            if name not in ALLOWED:
                with pytest.raises(InvalidInput):
                    clean_settings(AppriseChannel.form, {"service": name, "values": VALUES[schema]})


def test_no_schema_is_accepted_as_a_url_but_from_the_operator():
    for schema in [*SCHEMAS, "file", "http", "https"]:
        for url in (f"{schema}://127.0.0.1/a/b", f" {schema}://localhost", f"{schema.upper()}://x"):
            with pytest.raises(InvalidInput) as caught:
                clean_settings(AppriseChannel.form, {"url": url})
            assert [error.field for error in caught.value.errors] == ["settings.url"]


@pytest.mark.parametrize("service", ALLOWED)
def test_the_plugin_declares_no_host(service):
    plugin, row = PLUGINS[service], ALLOWED[service]
    assert not {"host", "port", "fullpath", "path", "url"} & {*row.needed, *row.optional}
    assert {*row.needed, *row.optional} <= {*plugin.template_tokens}
    required = {name for name, token in plugin.template_tokens.items() if token.get("required")}
    ways = [set() for _ in plugin.templates]
    for way, template in zip(ways, plugin.templates, strict=True):
        way |= {name for name in plugin.template_tokens if f"{{{name}}}" in template}
    assert any({*row.needed} <= way and not way & {"host", "port"} for way in ways)
    assert service in ALONE or row.needed
    assert plugin.service_url.startswith("https://")
    assert required


@pytest.mark.parametrize("service", ALLOWED)
def test_one_request_goes_to_the_one_host(service, posted):
    outcome = channel.send(make_message(cleaned(settings(service))))
    assert [urlsplit(request.url).netloc for request, _ in posted] == [ALLOWED[service].host]
    [(request, options)] = posted
    assert request.url.startswith("https://")
    assert options["verify"]  # True, or the bundle that the environment names
    assert 0 < sum(options["timeout"]) < channel.deadline_seconds
    assert isinstance(outcome, Sent) or service in ("pushy", "viber")  # these look for words in the body


@pytest.mark.parametrize("service", ALLOWED)
def test_no_value_leads_anywhere_else(service, posted):
    """Through the form, and past it: a value that was stored before is not trusted either."""
    for name in VALUES[service]:
        for bad in (*SMUGGLED, VALUES[service][name] + "/../x", VALUES[service][name] + "?redirect=yes"):
            given = settings(service, **{name: bad})
            channel.attempt(make_message(given))
            if wrong := problems(given):
                assert wrong == ["settings.values"]
            else:
                outcome = channel.attempt(make_message(cleaned(given)))
                assert getattr(outcome, "cause", None) != Cause.BUG
    assert {urlsplit(request.url).netloc for request, _ in posted} <= {ALLOWED[service].host}
    assert all(request.url.startswith("https://") for request, _ in posted)


def test_what_is_on_no_list_is_not_sent_even_if_it_was_stored(posted):
    outcome = channel.send(make_message({"service": "json", "values": {"host": "127.0.0.1"}}))
    assert isinstance(outcome, Rejected)
    assert outcome.cause == Cause.BAD_SETTINGS
    assert channel.send(make_message({})).cause == Cause.BAD_SETTINGS
    assert not posted


def test_the_page_of_the_channel_names_each_service_with_its_values():
    lines = (Path(__file__).parents[3] / "docs/channels/apprise.md").read_text().splitlines()
    rows = [line.split("|") for line in lines if line.startswith("| `")]
    told = {row[1].strip(" `"): row for row in rows if len(row) == 6}
    for schema, service in ALLOWED.items():
        name, needed, optional = (cell.strip() for cell in told.pop(schema)[2:5])
        assert (name, needed.replace("`", "")) == (service.name, ", ".join(service.needed))
        assert optional.replace("`", "") == ", ".join(service.optional)
    assert not told


def test_the_asset_of_others_is_left_alone():
    assert apprise.AppriseAsset().http_redirects is True
    assert PLUGINS["discord"].logger.name == "apprise"
    assert PLUGINS["discord"].attachment_support is True
