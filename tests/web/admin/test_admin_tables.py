"""Every table in Django's admin: there, searched, filtered, opened; text is text, and no list asks once per row."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tocsin import models
from tocsin.web.admin import filters, frame, newest

pytestmark = pytest.mark.django_db

TABLES = {model._meta.model_name: model for model in apps.get_app_config("tocsin").get_models()}
SECRETS = ("s3aled", "d1g3st", "c0de")
LOGS = ("event", "delivery", "attempt", "inboxitem", "taskrun", "auditentry")
CHANGED_HERE = {
    "organization", "project", "team", "membership", "destination", "person", "preference",
}  # fmt: skip
MADE_HERE = CHANGED_HERE | {"teammember", "apitoken", "pause"}
ENDED_HERE = MADE_HERE - {"organization", "person", "apitoken"}


def list_of(name):
    return reverse(f"admin:tocsin_{name}_changelist")


def page_of(row):
    return reverse(f"admin:tocsin_{row._meta.model_name}_change", args=[row.pk])


def rows_in(answer):
    assert answer.status_code == 200, answer.headers
    return [row.pk for row in answer.context["cl"].result_list]


def test_every_table_is_there(desk):
    ours = {model._meta.model_name for model in admin.site._registry if model._meta.app_label == "tocsin"}
    assert ours == TABLES.keys()
    index = desk.get("/admin/").text
    assert [name for name in TABLES if list_of(name) not in index] == []


def test_every_list_takes_what_its_filters_offer(desk, fill):
    fill()
    fill()
    for name in TABLES:
        seen = desk.get(list_of(name)).context["cl"]
        for spec in seen.filter_specs:
            *_, last = spec.choices(seen)
            assert desk.get(list_of(name) + last["query_string"]).status_code == 200, (name, last)


def test_every_filter_refuses_what_it_does_not_offer(desk, fill):
    fill()
    fill()
    for name in TABLES:
        for spec in desk.get(list_of(name)).context["cl"].filter_specs:
            if isinstance(spec, filters.Offered):
                refused = desk.get(list_of(name), {spec.parameter_name: "x\0y"})
                assert (refused.status_code, refused.url) == (302, f"{list_of(name)}?e=1"), (name, spec)


def test_every_list_is_searched_also_for_nonsense(desk, fill):
    fill()
    for name in TABLES:
        if name != "pause":
            assert desk.get(list_of(name)).context["cl"].search_fields, name
        assert desk.get(list_of(name), {"q": "%s \"' é\0 d1"}).status_code == 200, name


def test_a_log_is_searched_for_ids_and_for_what_is_none(desk, fill):
    fill()
    for name in LOGS:
        for words in ("d1", "i1", "d" + "9" * 20, "d²", "0" * 32):
            assert desk.get(list_of(name), {"q": words}).status_code == 200, (name, words)


def test_what_people_wrote_is_text_and_secrets_are_nowhere(desk, fill, hostile):
    row = fill(hostile)
    for name, model in TABLES.items():
        shown = desk.get(list_of(name)).text + desk.get(page_of(row[model])).text
        assert "<script>alert" not in shown, name
        assert "<img src=x" not in shown, name
        assert 'href="javascript:' not in shown, name
        assert [secret for secret in SECRETS if secret in shown] == [], name


def test_no_page_asks_the_database_once_per_row(desk, fill):
    def counts(row):
        for address in (
            page for name, model in TABLES.items() for page in (list_of(name), page_of(row[model]))
        ):
            with CaptureQueriesContext(connection) as asked:
                assert desk.get(address).status_code == 200
            yield address, len(asked)

    fill()
    row = fill()
    few = dict(counts(row))
    for _ in range(3):
        fill()
    assert [address for address, number in counts(row) if number > few[address]] == []


def test_who_may_look_may_change_nothing(fill, let_in):
    row = fill()
    clerk = let_in(*(f"view_{name}" for name in TABLES))
    for name, model in TABLES.items():
        page = clerk.get(list_of(name))
        assert page.status_code == 200, name
        assert 'name="action"' not in page.text, name
        assert clerk.get(page_of(row[model])).status_code == 200, name
        assert clerk.get(f"{list_of(name)}add/").status_code == 403, name
        assert clerk.post(page_of(row[model]), {}).status_code == 403, name
        assert clerk.post(f"{list_of(name)}{row[model].pk}/delete/", {"post": "yes"}).status_code == 403, name


def test_who_has_no_permission_sees_nothing(fill, let_in):
    row = fill()
    clerk = let_in()
    for name, model in TABLES.items():
        assert clerk.get(list_of(name)).status_code == 403, name
        assert clerk.get(page_of(row[model])).status_code == 403, name


def test_what_the_house_writes_itself_is_made_changed_and_ended_by_nobody(desk, fill):
    row = fill()
    row[models.Destination].managed = False
    row[models.Destination].save()
    for name, model in TABLES.items():
        one = row[model]
        offers = desk.get(f"{list_of(name)}add/").status_code
        assert offers == (200 if name in MADE_HERE else 403), name
        assert ('name="_save"' in desk.get(page_of(one)).text) == (name in CHANGED_HERE), name
        ends = desk.get(f"{list_of(name)}{one.pk}/delete/").status_code
        assert ends == (200 if name in ENDED_HERE else 403), name


def test_a_user_can_be_deleted_with_all_that_is_theirs(desk, fill):
    row = fill()
    user = row[models.Person].user
    address = reverse("admin:auth_user_delete", args=[user.pk])
    assert desk.post(address, {"post": "yes"}).status_code == 302
    for model in (models.Person, models.Preference, models.Destination, models.Rule, models.Membership):
        assert not model.objects.exists(), model
    for name in TABLES:
        assert desk.get(list_of(name)).status_code == 200, name
    for model in (models.Delivery, models.InboxItem):
        assert rows_in(desk.get(list_of(model._meta.model_name))) == [row[model].pk]
        assert desk.get(page_of(row[model])).status_code == 200


@pytest.mark.parametrize("name", LOGS)
def test_a_long_list_looks_at_the_newest_only(desk, fill, monkeypatch, name):
    monkeypatch.setattr(newest, "MOST_SEARCHED", 3)
    for _ in range(5):
        fill()
    keys = list(TABLES[name].objects.order_by("-pk").values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as asked:
        assert rows_in(desk.get(list_of(name))) == keys[:3]
    table = TABLES[name]._meta.db_table
    reads = [one["sql"] for one in asked if f'FROM "{table}"' in one["sql"]]
    assert reads
    assert [sql for sql in reads if "LIMIT" not in sql and ">=" not in sql] == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("event", lambda row: {"q": str(row.pk)}),
        ("event", lambda row: {"organization": row.organization.slug}),
        ("event", lambda row: {"series": row.series_id}),
        ("delivery", lambda row: {"q": f"d{row.pk}"}),
        ("delivery", lambda row: {"event": row.event_id}),
        ("delivery", lambda row: {"user": row.user_id}),
        ("attempt", lambda row: {"q": f"d{row.delivery_id}"}),
        ("inboxitem", lambda row: {"q": f"i{row.pk}"}),
        ("taskrun", lambda row: {"task": row.task_id}),
        ("auditentry", lambda row: {"organization": row.organization.slug}),
    ],
)
def test_an_old_row_is_found_where_an_index_knows_it(desk, fill, monkeypatch, name, wanted):
    monkeypatch.setattr(newest, "MOST_SEARCHED", 1)
    rows = [fill()[TABLES[name]] for _ in range(2)]
    assert rows_in(desk.get(list_of(name), wanted(rows[0]))) == [rows[0].pk]


def test_dead_deliveries_are_found_however_old(desk, fill, monkeypatch):
    monkeypatch.setattr(newest, "MOST_SEARCHED", 1)
    old, _ = fill()[models.Delivery], fill()
    models.Delivery.objects.exclude(pk=old.pk).update(state="sent")
    assert rows_in(desk.get(list_of("delivery"), {"state": "dead"})) == [old.pk]


def test_a_list_ends_and_its_count_too(desk, fill, monkeypatch):
    monkeypatch.setattr(frame, "MOST_COUNTED", 2)
    monkeypatch.setattr(frame.Page, "list_per_page", 1)
    for _ in range(3):
        fill()
    for name in TABLES:
        answer = desk.get(list_of(name))
        assert answer.context["cl"].result_count == 2, name
        assert len(rows_in(desk.get(list_of(name), {"p": 2}))) == 1, name
        assert desk.get(list_of(name), {"p": 3}).status_code == 302, name


def test_organizations_are_offered_from_two_on_and_of_many_any_can_be_asked_for(desk, fill, monkeypatch):
    fill()
    assert "organization=org" in desk.get(list_of("event")).text
    last = fill()
    slug = last[models.Organization].slug
    monkeypatch.setattr(filters, "MOST_OFFERED", 2)
    page = desk.get(list_of("event"))
    assert f"organization={slug}" not in page.text
    assert rows_in(desk.get(list_of("event"), {"organization": slug})) == [last[models.Event].pk]
    assert desk.get(list_of("event"), {"organization": "nobody"}).status_code == 302


def test_what_is_elsewhere_is_a_link(desk, fill):
    row = fill()
    assert f"/tocsin/events/{row[models.Event].pk}/" in desk.get(page_of(row[models.Event])).text


@pytest.mark.parametrize("model", [models.Delivery, models.InboxItem])
def test_a_row_names_its_person_and_its_event(desk, fill, model):
    row = fill("Fire!")[model]
    page = desk.get(list_of(model._meta.model_name)).text
    assert f">{row.user.username}</td>" in page
    assert ">Fire!</td>" in page
