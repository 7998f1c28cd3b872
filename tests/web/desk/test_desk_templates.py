"""Templates at the desk: the gaps are seen, what is typed is shown at once, nobody's work is written over unseen."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tocsin.deliveries.wording import choose, save
from tocsin.deliveries.wording.models import Template
from tocsin.tenants.audit import AuditEntry

HOSTILE = "<script>alert(1)</script>"
PLACE = ("message:system", "email", "all")
GIVEN = {"title": "News: {{ event.title }}", "body": "Read **this**: {{ event.data.host }}", "version": "0"}


@pytest.fixture(autouse=True)
def _no_memory():
    choose._forget()
    yield
    choose._forget()


@pytest.fixture
def kept(acme) -> Template:
    fields = {"event_type": "message:system", "channel": "email", "title": "One", "body": "first"}
    return save.save(acme.pk, fields, "test")


def html(answer) -> str:
    return answer.content.decode()


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_gaps_and_what_is_written_are_seen(desk, acme, at, kept):
    save.save(acme.pk, {"event_type": "drill", "channel": "message", "locale": "fr", "body": "x"}, "test")
    page = html(desk.get(at("templates")))
    assert at("template", *PLACE) in page
    assert at("template", "drill", "message", "fr") in page
    assert at("template", "drill", "message", "all") in page
    assert page.index("Message from the system") < page.index("Alert of Prometheus")
    only = html(desk.get(at("templates"), {"type": "drill"}))
    assert at("template", "drill", "email", "all") in only
    assert at("template", *PLACE) not in only
    nothing = html(desk.get(at("templates"), {"type": HOSTILE}))
    assert "There is no event type" in nothing
    assert HOSTILE not in nothing


def test_an_empty_desk_says_what_to_do(desk, at):
    assert "No event has words of this organization yet." in html(desk.get(at("templates")))


def test_before_anything_is_written_one_sees_what_people_read_today(desk, acme, at, ana, tell):
    tell(ana, title="The disk is full", organization="acme")
    page = html(desk.get(at("template", *PLACE)))
    assert "Nothing is written here yet" in page
    assert "The disk is full" in page


def test_what_is_typed_is_kept_and_used_by_the_preview(desk, at):
    page = html(desk.post(at("template", *PLACE), GIVEN, follow=True))
    assert "It is kept." in page
    assert "News: Message from the system: an example" in page
    row = Template.objects.get()
    assert (row.title, row.body, row.version) == (GIVEN["title"], GIVEN["body"], 1)
    assert actions() == ["template.create"]


def test_a_look_keeps_nothing_and_loses_nothing(desk, at):
    answer = desk.post(at("template", *PLACE), GIVEN | {"preview": "1"})
    page = html(answer)
    assert answer.status_code == 200
    assert "News: Message from the system: an example" in page
    assert "Read **this**: {{ event.data.host }}</textarea>" in page
    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": "{% if %}"}, "Title Line 1:"),
        ({"body": "{{ event.title|nothing }}"}, "There is no filter"),
        ({"body": "{% include 'x' %}"}, "There is no tag"),
        ({"body": "x" * 10_001}, "at most 10000 characters"),
        ({"title": "", "body": " "}, "Write at least one of them."),
        ({"body": "\x07"}, "control characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(desk, at, given, said):
    typed = GIVEN | given
    answer = desk.post(at("template", *PLACE), typed)
    page = unescape(html(answer))
    assert answer.status_code == 422
    assert said in page
    assert typed["body"] in page
    assert not Template.objects.exists()


def test_who_saved_in_between_is_named_and_both_texts_are_there(desk, kept, person, at):
    ben = person("ben", acme="admin")
    save.save(kept.organization_id, {"title": "Theirs", "body": "first"}, f"user {ben.pk}", kept)
    mine = {"title": "Mine", "body": "first", "version": "1"}
    answer = desk.post(at("template", *PLACE), mine)
    page = html(answer)
    assert answer.status_code == 422
    assert "ben changed it while you were writing" in page
    assert 'value="Mine"' in page
    assert "<del>- Theirs</del>" in page
    assert "<ins>+ Mine</ins>" in page
    assert Template.objects.get().title == "Theirs"
    assert re.search(r'name="version" value="2"', page)
    assert desk.post(at("template", *PLACE), mine | {"version": "2"}).status_code == 302
    assert Template.objects.get().title == "Mine"


def test_one_that_was_deleted_or_made_meanwhile_is_told_too(desk, kept, at):
    made = desk.post(at("template", *PLACE), GIVEN)
    assert made.status_code == 422
    assert "changed it while you were writing" in html(made)
    save.delete(kept, "user 0")
    gone = desk.post(at("template", *PLACE), GIVEN | {"version": "1"})
    assert gone.status_code == 422
    assert "deleted it while you were writing" in html(gone)
    assert desk.post(at("template", *PLACE), GIVEN | {"version": "2"}).status_code == 302
    assert Template.objects.get().deleted_at is None


def test_a_double_click_keeps_one_version(desk, at):
    assert [desk.post(at("template", *PLACE), GIVEN).status_code for _ in range(2)] == [302, 422]
    assert Template.objects.get().version == 1


def test_versions_are_told_and_put_back(desk, acme, kept, at):
    save.save(acme.pk, {"title": "Two", "body": "first"}, "test", kept)
    page = html(desk.get(at("template", *PLACE)))
    assert "Version 2 by test" in page
    assert "<del>- One</del>" in page
    answer = desk.post(at("template-restore", *PLACE), {"number": "1"}, follow=True)
    assert "Version 1 is back." in html(answer)
    row = Template.objects.get()
    assert (row.title, row.version) == ("One", 3)
    for number in ("9", "", "x", "9" * 30):
        assert desk.post(at("template-restore", *PLACE), {"number": number}).status_code == 404


def test_one_is_deleted_after_it_was_said_what_follows(desk, kept, at):
    assert "People get the event's own words then" in html(desk.get(at("template-delete", *PLACE)))
    assert Template.objects.get().deleted_at is None
    page = html(desk.post(at("template-delete", *PLACE), follow=True))
    assert "Its versions are kept" in page
    assert Template.objects.get().deleted_at is not None
    assert desk.post(at("template-delete", *PLACE)).status_code == 404
    assert actions() == ["template.create", "template.delete"]


def test_another_language_is_a_place_of_its_own(desk, kept, at):
    answer = desk.get(at("template", *PLACE), {"language": "FR"})
    assert answer["Location"] == at("template", "message:system", "email", "fr")
    page = html(desk.get(answer["Location"]))
    assert "Français" in page
    assert at("template", *PLACE) in page


@pytest.mark.parametrize(
    "place",
    [
        ("no:such", "email", "all"),
        ("drill", "pigeon", "all"),
        ("drill", "email", "xx"),
        ("drill", "email", "EN"),
    ],
)
def test_what_is_no_place_is_missing(desk, at, place):
    assert desk.get(at("template", *place)).status_code == 404
    assert desk.post(at("template", *place), GIVEN).status_code == 404


def test_a_place_whose_type_is_gone_can_still_be_looked_at(desk, kept, at):
    Template.objects.update(event_type="gone:type")
    page = html(desk.get(at("template", "gone:type", "email", "all")))
    assert "'gone:type' is not known." in unescape(page)
    assert "gone:type" in html(desk.get(at("templates")))


def test_anothers_words_are_not_there(desk, globex, at):
    fields = {"event_type": "drill", "channel": "email", "title": "Theirs"}
    theirs = save.save(globex.pk, fields, "test")
    Template.objects.filter(pk=theirs.pk).update(event_type="globex:own")
    assert "globex:own" not in html(desk.get(at("templates")))
    for name in ("template", "template-delete"):
        answers = [desk.get(at(name, key, "email", "all")) for key in ("globex:own", "no:such")]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content


def picture_of(page: str) -> str:
    return unescape(re.search(r'<iframe class="tocsin-picture" sandbox src="([^"]+)"', page).group(1))


def test_a_mail_is_drawn_in_a_frame_that_can_do_nothing(desk, at):
    answer = desk.post(at("template", *PLACE), GIVEN | {"preview": "1"})
    assert answer["Content-Security-Policy"].endswith("; frame-src 'self'")
    frame = desk.get(picture_of(html(answer)))
    assert "<strong>this</strong>" in html(frame)
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    policy = frame["Content-Security-Policy"]
    assert "sandbox" in policy.split("; ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_a_picture_is_only_of_what_the_editor_signed(desk, globex, person, browse, at):
    address = picture_of(html(desk.post(at("template", *PLACE), GIVEN | {"preview": "1"})))
    assert desk.get(address + "x").status_code == 404
    assert desk.get(at("template-picture")).status_code == 404
    assert browse(person("zoe", globex="owner")).get(address).status_code == 404
    assert browse(person("cleo", acme="manager")).get(address).status_code == 403


def test_hostile_text_is_text(desk, acme, at):
    given = {"title": HOSTILE, "body": f"{HOSTILE} [x](javascript:alert(1))", "version": "0"}
    for place in (PLACE, ("drill", "message", "fr"), ("drill", "sms", "all")):
        page = html(desk.post(at("template", *place), given, follow=True))
        assert HOSTILE not in page
        assert 'href="javascript' not in page
    page = html(desk.get(at("template", *PLACE)))
    assert HOSTILE not in html(desk.get(picture_of(page)))
    for name in ("templates", "audit"):
        assert HOSTILE not in html(desk.get(at(name)))


def test_a_text_message_is_told_with_its_length(desk, at):
    for words, said in ((1, "1 text message<"), (60, "3 text messages<")):
        given = {"title": "x", "body": "word " * words, "preview": "1"}
        page = html(desk.post(at("template", "drill", "sms", "all"), given))
        assert said in page
    assert "<iframe" not in page


def test_in_app_words_look_as_in_the_inbox(desk, at):
    page = html(desk.post(at("template", "drill", "message", "all"), GIVEN | {"preview": "1"}))
    assert "<h3>News: Drill: an example</h3>" in page
    assert "Read <strong>this</strong>: db1" in page


def test_what_may_be_used_is_listed(desk, at):
    page = html(desk.get(at("template", *PLACE)))
    assert '<code>{{ event.data.host }}</code></td><td class="tocsin-fine">db1</td>' in page


def test_the_pages_cost_the_same_for_one_and_for_many(desk, acme, kept, at, django_assert_max_num_queries):
    with django_assert_max_num_queries(20) as few:
        desk.get(at("templates"))
    with django_assert_max_num_queries(30) as page:
        desk.get(at("template", *PLACE))
    for locale in ("fr", "de", "nl", "es"):
        fields = {"event_type": "message:system", "channel": "email", "locale": locale, "title": locale}
        save.save(acme.pk, fields, "test")
        save.save(acme.pk, {"title": locale, "body": "x"}, "user 1", kept)
    with django_assert_max_num_queries(len(few)):
        desk.get(at("templates"))
    with django_assert_max_num_queries(len(page) + 1):
        desk.get(at("template", *PLACE))


@pytest.mark.parametrize(
    ("language", "status"), [("FR", 302), ("pt-br", 302), ("a b", 404), ("\x00", 404), ("", 404)]
)
def test_another_language_leads_to_its_own_page_or_is_missing(desk, at, language, status):
    answer = desk.get(at("template", *PLACE), {"language": language})
    assert answer.status_code == status
    if status == 302:
        assert answer["Location"].endswith(f"/{language.lower()}/")
