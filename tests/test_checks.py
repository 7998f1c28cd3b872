"""Django's system checks say what an operator should know before anything goes wrong."""

from __future__ import annotations

from tocsin import checks


def test_a_deploy_with_the_inline_engine_is_told_of_both_others(settings) -> None:
    [found] = [one for one in checks.check_deploy() if one.id == "tocsin.W002"]
    assert "'worker'" in found.hint
    assert "'celery'" in found.hint
    settings.TOCSIN = settings.TOCSIN | {"ENGINE": "celery"}
    assert "tocsin.W002" not in {one.id for one in checks.check_deploy()}


def test_celery_that_is_named_nowhere_is_an_error(settings) -> None:
    settings.TOCSIN = settings.TOCSIN | {"ENGINE": "celery"}
    [found] = checks.check_engine()
    assert found.id == "tocsin.E008"
    settings.TOCSIN = settings.TOCSIN | {"CELERY_APP": "no.such.app"}
    assert "cannot be loaded" in checks.check_engine()[0].msg
