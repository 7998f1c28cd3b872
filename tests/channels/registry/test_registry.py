"""How channels are found, and that one which cannot be used is told and costs the others nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.checks import run_checks

from tests.channels.registry.packages import PAGER, install
from tocsin.channels import registry
from tocsin.channels.memory import MemoryChannel
from tocsin.errors import InvalidInput


class OwnMemory(MemoryChannel):
    """What a project puts in the place of a built-in channel."""


@pytest.fixture
def package(tmp_path, monkeypatch, settings):
    """Install a package for this test; its modules are forgotten at the end."""
    known = set(sys.modules)

    def made(name="acme-pager", points=None, **modules):
        monkeypatch.syspath_prepend(install(tmp_path / name, name, points or {}, **modules))
        settings.TOCSIN = {**settings.TOCSIN}  # what changed is looked up again

    yield made
    for module in set(sys.modules) - known:
        if (getattr(sys.modules[module], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[module]


def told():
    return [one for one in run_checks() if (one.id or "").startswith("tocsin")]


@pytest.mark.django_db
def test_a_package_brings_a_channel(package):
    package(points={"pager": "acme_pager:Pager"}, acme_pager=PAGER.format(slug="pager"))
    assert registry.get("pager").label == "Pager"
    assert registry.provider("pager") == "acme-pager"
    assert registry.provider("email") == "tocsin"
    assert told() == []


BROKEN = {
    "syntax": ("def (", "SyntaxError", "acme-pager"),
    "exception": ("raise RuntimeError('no such thing')", "RuntimeError: no such thing", "acme-pager"),
    "exit": ("import sys; sys.exit('bye')", "SystemExit: bye", "acme-pager"),
    "recursion": ("def f(): f()\nf()", "RecursionError", "acme-pager"),
    "package": ("import no_such_sdk.client", "no module 'no_such_sdk'", "Install what brings 'no_such_sdk'"),
    "name": ("from os import no_such_name", "no_such_name", "acme-pager"),
    "class": ("Other = 1", "no attribute 'Pager'", "acme-pager"),
    "no channel": ("Pager = dict", "<class 'dict'>, no channel", "tocsin.channels.base.Channel"),
    "no class": ("Pager = 7", "7, no channel", "tocsin.channels.base.Channel"),
    "another slug": (PAGER.format(slug="beeper"), "calls itself 'beeper'", "one slug"),
    "no slug": (PAGER.format(slug="pager").replace("slug =", "slug_ ="), "calls itself None", "one slug"),
    "no label": (PAGER.format(slug="pager").replace("label =", "label_ ="), "without a label", "label"),
    "no form": (PAGER.format(slug="pager") + "    form = dict\n", "form is none", "SettingsForm"),
    "abilities": (PAGER.format(slug="pager") + "    abilities = 'all'\n", "abilities are none", "Abilities("),
    "making": (PAGER.format(slug="pager") + "    def __init__(self): 1 / 0\n", "ZeroDivisionError", "acme-pager"),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_package_is_one_warning_and_the_rest_runs(package, fault):
    code, message, remedy = BROKEN[fault]
    package(points={"pager": "acme_pager:Pager", "beep": "acme_beep:Pager"},
            acme_pager=code, acme_beep=PAGER.format(slug="beep"))  # fmt: skip
    [warning] = told()
    assert (warning.id, warning.is_serious()) == ("tocsin.W005", False)
    assert warning.msg.startswith("entry point 'pager' of acme-pager 1.0 ")
    assert message in warning.msg
    assert remedy in warning.hint
    assert {"email", "memory", "beep"} <= set(registry.channels())
    with pytest.raises(InvalidInput, match="'pager' cannot be used") as refused:
        registry.get("pager")
    assert refused.value.errors[0].remedy == warning.hint


def test_what_was_raised_is_told_to_the_operator_alone(package):
    package(points={"pager": "acme_pager:Pager"}, acme_pager="raise KeyError('PAGER_TOKEN at /srv/app')")
    assert "PAGER_TOKEN" in str(registry.problems()[0])
    with pytest.raises(InvalidInput) as refused:
        registry.get("pager")
    assert "PAGER_TOKEN" not in str(refused.value)
    assert "KeyError" in str(refused.value)


def test_an_interrupt_at_an_import_is_an_interrupt(package):
    package(points={"pager": "acme_pager:Pager"}, acme_pager="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        registry.channels()


@pytest.mark.parametrize("slug", sorted(registry.RESERVED))
def test_reserved_words_are_no_slugs(package, slug):
    package(points={slug: "acme_pager:Pager"}, acme_pager="raise RuntimeError('it was loaded')")
    [problem] = registry.problems()
    assert "is a reserved word" in problem.message
    assert slug not in registry.channels()


@pytest.mark.parametrize("slug", ["Pager", "two words", "9lives", "p" * 51, "a:b"])
def test_slugs_are_plain(settings, slug):
    settings.TOCSIN = {"CHANNELS": {slug: "tocsin.channels.memory.MemoryChannel"}}
    [problem] = registry.problems()
    assert problem.message == "is no slug."


def test_a_package_does_not_replace_a_built_in_channel(package):
    package(points={"memory": "acme_pager:Pager"}, acme_pager="raise RuntimeError('it was loaded')")
    [problem] = registry.problems()
    assert problem.field == "entry point 'memory' of acme-pager 1.0"
    assert "built-in" in problem.message
    assert "TOCSIN['CHANNELS'] = {'memory': 'acme_pager.Pager'}" in problem.remedy
    assert isinstance(registry.get("memory"), MemoryChannel)


def test_two_packages_with_one_slug_until_the_settings_choose(package, settings):
    package("one", {"pager": "pager_one:Pager"}, pager_one=PAGER.format(slug="pager"))
    package("two", {"pager": "pager_two:Pager"}, pager_two=PAGER.format(slug="pager"))
    [problem] = registry.problems()
    assert problem.field == "entry point 'pager' of one 1.0 and two 1.0"
    assert "pager" not in registry.channels()
    assert "TOCSIN['CHANNELS'] = {'pager': 'pager_one.Pager'}" in problem.remedy
    settings.TOCSIN = {"CHANNELS": {"pager": "pager_two.Pager"}}
    assert registry.problems() == []
    assert type(registry.get("pager")).__module__ == "pager_two"


def test_the_settings_may_choose_a_package_for_a_built_in_slug(package, settings):
    package(points={"memory": "acme_pager:Pager"}, acme_pager=PAGER.format(slug="memory"))
    settings.TOCSIN = {"CHANNELS": {"memory": "acme_pager.Pager"}}
    assert registry.problems() == []
    assert registry.get("memory").label == "Pager"


@pytest.mark.django_db
def test_a_broken_channel_that_event_types_name_is_told_once(settings):
    settings.TOCSIN = {
        "CHANNELS": {"pager": "no.such.Pager"},
        "EVENT_TYPES": {"db:down": {"label": "x", "channels": ["pager"]}},
    }
    [warning] = told()
    assert warning.msg.startswith("TOCSIN['CHANNELS']['pager']")


def test_the_settings_may_replace_a_built_in_channel(settings):
    settings.TOCSIN = {"CHANNELS": {"memory": f"{__name__}.OwnMemory"}}
    assert isinstance(registry.get("memory"), OwnMemory)
    assert registry.provider("memory") == "settings"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "message", "remedy"),
    [
        ("no.such.Channel", "there is no module 'no'", "Install what brings 'no'"),
        ("tocsin.errors.NotFound", "no channel", "subclass"),
        ("tocsin.channels.memory.Pager", "no attribute 'Pager'", "settings"),
        ("tocsin.channels.memory.MemoryChannel", "calls itself 'memory'", "one slug"),
        ("Pager", "is 'Pager'", "dotted path"),
        (7, "is 7", "dotted path"),
    ],
)
def test_a_wrong_path_in_the_settings_is_one_warning(settings, path, message, remedy):
    settings.TOCSIN = {"CHANNELS": {"pager": path}}
    [warning] = told()
    assert (warning.id, warning.is_serious()) == ("tocsin.W005", False)
    assert warning.msg.startswith("TOCSIN['CHANNELS']['pager'] ")
    assert message in warning.msg
    assert remedy in warning.hint
    assert "email" in registry.channels()


def test_looking_up_the_registry_loads_no_channel():
    program = (
        "import sys, tocsin.channels.registry\n"
        "print(sorted(m for m in sys.modules if m.startswith('tocsin.channels.')), 'pycurl' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {
        f"tocsin.channels.{name}" for name in ("base", "forms", "offers", "outcomes", "redact", "registry")
    }
    assert done.stdout == f"{sorted(loaded)} False\n"
