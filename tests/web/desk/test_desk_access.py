"""Who has a desk, and which of its pages: by role, in each organization for itself."""

from __future__ import annotations

from tocsin.tenants.models import Project, Team

PAGES = ["types", "type-make", "templates", "people", "teams", "projects", "tokens", "token-make", "audit"]
POSTS = ["type-make", "people", "teams", "projects", "token-make"]


def test_the_role_decides(acme, person, browse, at):
    for role, status in {"owner": 200, "admin": 200, "manager": 403, "member": 404}.items():
        client = browse(person(f"an-{role}", acme=role))
        assert {client.get(at(name)).status_code for name in PAGES} == {status}


def test_the_operator_has_every_desk(acme, person, browse, at):
    client = browse(person("root", is_superuser=True))
    assert {client.get(at(name)).status_code for name in PAGES} == {200}


def test_a_manager_is_offered_the_rules_only(acme, person, browse, at):
    page = browse(person("ben", acme="manager")).get(at("rules")).content.decode()
    assert at("rules") in page
    assert not [name for name in ("people", "tokens", "audit", "types", "templates") if at(name) in page]


def test_another_organizations_desk_is_missing_byte_for_byte(desk, globex, at):
    for name in PAGES:
        answers = [desk.get(at(name, of=slug)) for slug in ("globex", "nobodys")]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content
        assert desk.post(at(name, of="globex"), {"name": "x"}).status_code in (404, 405)


def test_whoever_may_not_changes_nothing(acme, person, browse, at):
    client = browse(person("ben", acme="manager"))
    given = {"name": "Ops", "slug": "ops", "user": "ben", "role": "owner", "scopes": ["admin"], "label": "x"}
    assert {client.post(at(name), given).status_code for name in POSTS} == {403}
    assert not Team.objects.exists()
    assert not Project.objects.exists()


def test_strangers_are_sent_to_the_sign_in(acme, browse, at):
    for name in PAGES:
        assert browse().get(at(name))["Location"].startswith("/accounts/login/?next=/tocsin/desk/acme/")


def test_nothing_changes_without_a_csrf_token(ana, browse, at):
    client = browse(ana, strict=True)
    assert {client.post(at(name), {"name": "x"}).status_code for name in POSTS} == {403}


def test_the_pages_bring_the_strict_policy(desk, at):
    for name in PAGES:
        assert desk.get(at(name))["Content-Security-Policy"].startswith("default-src 'none'")
