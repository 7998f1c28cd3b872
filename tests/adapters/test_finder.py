"""Names of other systems' modules: served where they are not installed, and left alone where they are."""

from __future__ import annotations

from importlib import import_module

import pytest

from tocsin import adapters, checks
from tocsin.adapters import finder

OURS = "tocsin.adapters.argus.base"


def test_a_module_is_served_with_the_packages_above_it() -> None:
    finder.serve({"elsewhere.media.base": OURS})
    served = import_module("elsewhere.media.base")
    assert served.NotificationMedium is import_module(OURS).NotificationMedium
    assert import_module("elsewhere.media").base is served
    for missing in ("elsewhere.nothing", "elsewhere.media.base.nothing"):
        with pytest.raises(ModuleNotFoundError):
            import_module(missing)


def test_what_is_installed_is_what_is_imported(tmp_path, monkeypatch) -> None:
    package = tmp_path / "really_there"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text("NotificationMedium = 'the real one'\n")
    monkeypatch.syspath_prepend(tmp_path)
    finder.serve({"really_there.base": OURS, "really_there.lacking": OURS})
    assert import_module("really_there.base").NotificationMedium == "the real one"
    assert import_module("really_there.lacking").NotificationMedium is import_module(OURS).NotificationMedium


def test_an_adapter_that_there_is_not_is_told_and_harms_nothing(settings) -> None:
    settings.TOCSIN = {**settings.TOCSIN, "ADAPTERS": ["arggus"]}
    adapters.prepare()
    adapters.install()
    [error] = checks.check_settings()
    assert "argus, endi, sentry, taskmanager" in error.msg
