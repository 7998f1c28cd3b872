"""Rules built on a page: saved by the domain, tried before they hold, nothing typed lost, nothing of others shown."""

from __future__ import annotations

import html
import re

import pytest

import tocsin
from tests.web.reading import text
from tocsin.recipients.destinations import add_destination
from tocsin.rules import save
from tocsin.rules.models import Rule, RuleVersion
from tocsin.rules.spec import Place
from tocsin.tenants import members
from tocsin.tenants.audit import AuditEntry
from tocsin.testing import deliver_now

LIST, ADD = "/tocsin/desk/acme/rules/", "/tocsin/desk/acme/rules/add/"
MINE, ADD_MINE = "/tocsin/rules/", "/tocsin/rules/add/"
HOSTILE = "<img src=x onerror=alert(1)>"
PAID = {
    "name": "Paid", "event_types": "message:system", "level": "info", "aim": "people", "to": "role:owner",
    "active": "on", "position": "0", "c0-kind": "all", "c0-depth": "0",
}  # fmt: skip


@pytest.fixture
def ana(acme, person):
    return person("ana", acme="owner")


@pytest.fixture
def client(ana, browse):
    return browse(ana)


def path(rule):
    return f"{LIST}{rule.pk}/"


def made(client, **fields):
    answer = client.post(ADD, PAID | fields)
    assert answer.status_code == 302, text(answer)
    return Rule.objects.latest("pk")


def test_an_empty_desk_says_what_a_rule_is_for(client):
    answer = client.get(LIST)
    assert "There is no rule yet." in text(answer)
    assert f'href="{ADD}"' in answer.content.decode()


def test_what_the_form_says_is_the_rule(client, acme, person):
    person("bo", acme="member")
    project = members.make_project(acme, "web", "x", "The web")
    rule = made(
        client, more_types="task:*, drill", level="error", projects=[project.slug], people="bo",
        others="email:x@example.org",
        except_actor="on", channels=["email", "message"], stop="on", position="7", hours_kind="open",
        **{"h0-days": ["mon", "tue"], "h0-from": "08:00", "h0-to": "17:00", "c0-kind": "none", "c1-kind": "leaf",
           "c1-depth": "1", "c1-field": "data.host", "c1-op": "in", "c1-value": 'db1, "42"'},
    )  # fmt: skip
    spec = save.spec_of(rule)
    assert spec.event_types == ("message:system", "task:*", "drill")
    assert (spec.level.slug, spec.projects, spec.stop, spec.position) == ("error", (project.pk,), True, 7)
    assert set(spec.to) == {"role:owner", "user:name=bo", "email:x@example.org", "except:actor"}
    assert spec.channels == ("email", "message")
    assert spec.condition == {"not": {"any": [{"field": "data.host", "op": "in", "value": ["db1", "42"]}]}}
    assert spec.hours == {"open": [{"days": ["mon", "tue"], "from": "08:00", "to": "17:00"}]}
    again = client.get(path(rule)).content.decode()
    sent = re.findall(r'<input(?=[^>]*\bvalue="([^"]*)")(?=[^>]*\bname="c1-(\w+)")', again)
    assert {name: html.unescape(value) for value, name in sent}["value"] == 'db1, "42"'


def test_a_rule_that_is_opened_and_kept_says_the_same(client, ana):
    rule = made(
        client, people="ana", **{"c1-kind": "leaf", "c1-depth": "1", "c1-field": "title", "c1-value": "true"}
    )
    before = save.spec_of(rule)
    client.post(path(rule), fields_of(client.get(path(rule))))
    rule.refresh_from_db()
    assert rule.version == 2
    assert save.spec_of(rule) == before


def fields_of(answer):
    """What a browser would send of the form as it is shown."""
    page = answer.content.decode()
    given: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        ticked = found.get("type") not in ("checkbox", "radio") or " checked" in tag
        if "name" in found and ticked and " disabled" not in tag and found.get("type") != "submit":
            given.setdefault(found["name"], []).append(html.unescape(found.get("value", "on")))
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', inner) or re.findall(
            r'<option value="([^"]*)"', inner
        )
        given.setdefault(name, []).append(chosen[0])
    return given


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(client):
    answer = client.post(ADD, PAID | {
        "name": "", "more_types": "nothing:like-it", "position": "1.5x", "to": ["role:king"], "c1-kind": "leaf",
        "c1-depth": "1", "c1-field": "data.n", "c1-op": "between", "c1-value": "9, 1", "others": "email:broken",
    })  # fmt: skip
    assert answer.status_code == 422
    assert "must be a whole number" in text(answer)
    answer = client.post(ADD, PAID | {
        "name": "", "more_types": "nothing:like-it", "c1-kind": "leaf", "hours_kind": "open", "h0-from": "8",
        "c1-depth": "1", "c1-field": "data.n", "c1-op": "between", "c1-value": "9, 1", "others": "email:broken",
    })  # fmt: skip
    assert answer.status_code == 422
    page = answer.content.decode()
    for said in (
        "Say in a few words what the rule is for.",
        "nothing:like-it",
        "Give the lower one first.",
        "is no time of day",
    ):
        assert said in text(answer)
    for typed in ('value="9, 1"', ">email:broken<", 'value="nothing:like-it"', 'value="8"'):
        assert typed in page
    row = re.search(r'<li class="tocsin-cond[^>]*faulty">.*?</li>\s*</ul>', page, re.DOTALL)[0]
    assert "Give the lower one first." in row
    assert not Rule.objects.exists()


def test_the_buttons_of_the_builder_save_nothing(client):
    answer = client.post(ADD, PAID | {"build": "leaf:0", "name": "Half"})
    assert answer.status_code == 200
    assert 'name="c1-field"' in answer.content.decode()
    assert 'value="Half"' in answer.content.decode()
    assert not Rule.objects.exists()


def test_it_is_tried_on_an_event_and_nothing_stays_of_that(client, ana, acme):
    tried = client.post(ADD, PAID | {"try": "1", "on_type": "message:system", "on_title": "Hello"})
    assert "It applies, and tells 1." in text(tried)
    assert "ana" in text(tried)
    failing = {"c1-kind": "leaf", "c1-depth": "1", "c1-field": "title", "c1-op": "is", "c1-value": "Bye"}
    refused = client.post(ADD, PAID | failing | {"try": "1", "on_title": "Hello"})
    assert "This rule would not apply to it." in text(refused)
    assert 'title should be: is "Bye"; it is "Hello".' in text(refused)
    assert not Rule.objects.exists()
    assert not tocsin.models.Event.objects.exists()


def test_it_is_tried_on_what_has_happened(client, ana, tell):
    tell(ana, "Old news", organization="acme", data={"host": "db1"})
    only = {"c1-kind": "leaf", "c1-depth": "1", "c1-field": "data.host", "c1-op": "is", "c1-value": "db1"}
    assert "It applies, and tells 1." in text(client.post(ADD, PAID | only | {"try": "1"}))


@pytest.mark.parametrize("data", ["{", "[1", '{"a": NaN}', '{"a": "\\u0000"}', "7"])
def test_bad_data_to_try_on_is_said(client, data):
    answer = client.post(ADD, PAID | {"try": "1", "on_event": "", "on_data": data})
    assert answer.status_code == 200
    assert "data" in text(answer)
    assert "It applies" not in text(answer)


def test_a_rule_holds_from_the_next_event_on(client, ana, acme, person):
    bo = person("bo", acme="owner")
    made(client)
    tocsin.notify("message:system", title="Paid 42", to=[], organization="acme", channel="message")
    deliver_now()
    assert tocsin.models.InboxItem.objects.filter(user__in=[ana.pk, bo.pk]).count() == 2


def test_who_saves_what_another_changed_is_told_and_keeps_what_they_typed(client, ana):
    rule = made(client)
    seen = fields_of(client.get(path(rule)))
    save.switch(rule, "user 77", active=False)
    answer = client.post(path(rule), seen | {"name": ["Mine"]})
    assert answer.status_code == 422
    assert "It was changed by user 77" in text(answer)
    assert 'value="Mine"' in answer.content.decode()
    rule.refresh_from_db()
    assert rule.name == "Paid"


@pytest.mark.parametrize("version", ["", "x", "9" * 5000, "-1", "²"])
def test_a_version_that_is_none_asks_for_none(client, version):
    rule = made(client)
    assert client.post(path(rule), PAID | {"name": "Renamed", "version": version}).status_code == 302
    rule.refresh_from_db()
    assert rule.name == "Renamed"


def test_off_on_deleted_and_back(client):
    rule = made(client)
    for action, active in (("off", False), ("off", False), ("on", True)):
        client.post(f"{path(rule)}do/", {"action": action})
        rule.refresh_from_db()
        assert rule.active is active
    assert RuleVersion.objects.filter(rule=rule.pk).count() == 3
    client.post(f"{path(rule)}do/", {"action": "delete"})
    assert client.get(path(rule)).status_code == 404
    assert "Deleted lately" in text(client.get(LIST))
    client.post(f"{path(rule)}do/", {"action": "off"})
    client.post(f"{path(rule)}do/", {"action": "undo"})
    rule.refresh_from_db()
    assert (rule.deleted_at, rule.active) == (None, True)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "rule.create", "rule.change", "rule.change", "rule.delete", "rule.undo",
    ]  # fmt: skip


def test_what_never_changed_cannot_be_undone(client):
    rule = made(client)
    answer = client.post(f"{path(rule)}do/", {"action": "undo"}, follow=True)
    assert "was never changed" in text(answer)


def test_what_is_doubtful_is_said_and_kept(client):
    answer = client.post(ADD, PAID | {"to": [], "others": "team:acme/nobody"}, follow=True)
    assert "is kept" in text(answer)
    assert "tocsin-said-warning" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("admin", 200), ("manager", 200), ("member", 404)]
)
def test_the_role_decides_who_keeps_the_rules(acme, person, browse, role, status):
    client = browse(person("cleo", acme=role))
    assert client.get(LIST).status_code == status
    assert client.post(ADD, PAID).status_code == (302 if status == 200 else 404)


def test_anothers_rules_are_missing_byte_for_byte(acme, globex, person, browse, ana):
    gil = browse(person("gil", globex="owner"))
    own = save.save({"name": "x", "event_types": ["*"], "to": ["role:owner"]}, Place(acme.pk), "x")
    never = 99_999_999
    for method in ("get", "post"):
        theirs, missing = (f"/tocsin/desk/globex/rules/{number}/" for number in (own.pk, never))
        answers = [(getattr(gil, method)(path), path) for path in (theirs, missing)]
        assert {answer.status_code for answer, _path in answers} == {404}
        assert len({answer.content.replace(path.encode(), b"") for answer, path in answers}) == 1
    assert gil.get(LIST).status_code == 404
    assert gil.get("/tocsin/desk/acme/").status_code == 404
    assert gil.post(f"/tocsin/rules/{own.pk}/do/", {"action": "delete"}).status_code == 404
    own.refresh_from_db()
    assert own.deleted_at is None


def test_my_own_rule_tells_me_and_shows_nobody_else(ana, acme, browse, person):
    cleo = browse(person("cleo", acme="manager"))
    hook = add_destination(acme, "webhook", {"url": "https://example.org/x"}, label="Secret shelf")
    page = cleo.get(ADD_MINE)
    assert "Secret shelf" not in text(page)
    assert "role:owner" not in page.content.decode()
    mine = PAID | {"to": ["everyone:members"], "channels": ["message"]}
    tried = cleo.post(ADD_MINE, mine | {"try": "1"})
    assert "It applies, and tells 1." in text(tried)
    trial = tried.content.decode().partition('id="trial-result"')[2]
    assert "cleo" in trial
    assert "ana" not in trial
    assert cleo.post(ADD_MINE, mine).status_code == 302
    rule = Rule.objects.get()
    assert (rule.user.username, rule.to, rule.organization) == ("cleo", [], acme)
    assert (
        cleo.post(
            ADD_MINE, mine | {"name": "x", "aim": "destinations", "destinations": [hook.pk]}
        ).status_code
        == 422
    )
    assert browse(ana).get(f"{MINE}{rule.pk}/").status_code == 404


def test_whoever_may_read_no_events_has_no_rules_and_is_told_why(acme, person, browse):
    client = browse(person("dan", acme="member"))
    assert "Ask an administrator" in text(client.get(MINE))
    assert "Ask an administrator" in text(client.post(ADD_MINE, PAID))
    assert not Rule.objects.exists()


def test_hostile_words_stay_words(client, acme, person):
    members.make_team(acme, "t", "x", HOSTILE)
    add_destination(acme, "webhook", {"url": "https://example.org/x"}, label=HOSTILE)
    rule = made(
        client, name=HOSTILE, **{"c1-kind": "leaf", "c1-depth": "1", "c1-field": "title", "c1-value": HOSTILE}
    )
    tried = client.post(
        path(rule), PAID | {"try": "1", "on_title": HOSTILE, "name": HOSTILE, "people": HOSTILE}
    )
    for answer in (client.get(LIST), client.get(path(rule)), tried):
        assert answer.status_code == 200
        assert "<img" not in answer.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rules(client, acme, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(40) as found:
            client.get(LIST)
        return len(found)

    made(client)
    few = queries()
    for number in range(5):
        made(client, name=f"Rule {number}")
    assert queries() == few
