"""My preferences, my quiet hours and what is coming up, on pages that lose nothing and show nothing of others."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

import tocsin
from tocsin.deliveries.models import Delivery
from tocsin.events.models import Event
from tocsin.recipients import preferences
from tocsin.recipients.destinations import add_destination
from tocsin.recipients.models import Person, Preference
from tocsin.schedule.models import Series
from tocsin.schedule.windows import DAYS
from tocsin.testing import deliver_now

LATER = datetime.now(UTC) + timedelta(days=3)
WISHES, HOURS, PENDING = "/tocsin/preferences/", "/tocsin/hours/", "/tocsin/pending/"
TYPES = {
    "bill:due": {"label": "A bill is due", "category": "billing"},
    "bill:paid": {"label": "A bill is paid", "category": "billing"},
    "fire": {"label": "Fire", "mandatory": True},
}
NIGHT = {"kind-0": "quiet", "days-0": list(DAYS), "from-0": "22:00", "to-0": "07:00"}


@pytest.fixture
def types(settings):
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": TYPES}


@pytest.fixture
def ana(acme, person, types):
    return person("ana", acme="member")


def square(html: str, subject: str, channel: str = "email") -> str:
    """The words of the choice that is made in one square."""
    select = re.search(rf'<select name="{subject} {channel}".*?</select>', html, re.DOTALL)[0]
    return " ".join(re.search(r"<option[^>]* selected>(.*?)</option>", select, re.DOTALL)[1].split())


def test_the_table_says_what_holds_and_who_said_so(ana, acme, browse) -> None:
    preferences.save([preferences.Change("bill:due", "email", False)], "x", organization=acme.pk)
    preferences.save([preferences.Change("category:billing", "message", False)], "x", user=ana.pk)
    preferences.save([preferences.Change("bill:paid", "message", True)], "x", user=ana.pk)
    html = browse(ana).get(WISHES).content.decode()
    assert square(html, "bill:due") == "off (by your organization)"
    assert square(html, "bill:paid") == "on (by default)"
    assert square(html, "category:billing", "message") == "off"
    assert square(html, "bill:due", "message") == "off (by your word on all of it)"
    assert square(html, "bill:paid", "message") == "on"
    assert 'name="fire ' not in html
    assert "memory" not in html


def test_a_channel_is_a_column_once_they_have_an_address_on_it(ana, browse) -> None:
    add_destination(ana, "memory", {"name": "ana"})
    assert 'name="bill:due memory"' in browse(ana).get(WISHES).content.decode()


def test_what_is_changed_is_kept_and_the_rest_is_left_alone(ana, browse) -> None:
    client = browse(ana)
    assert client.post(WISHES, {"bill:due email": "off", "bill:paid email": ""}).status_code == 302
    assert [(row.event_type, row.channel, row.wanted) for row in Preference.objects.all()] == [
        ("bill:due", "email", False)
    ]
    assert "It is kept." in client.get(WISHES).content.decode()
    client.post(WISHES, {"bill:due email": "off"})
    assert "Nothing was changed." in client.get(WISHES).content.decode()
    client.post(WISHES, {"bill:due email": ""})
    assert not Preference.objects.exists()


@pytest.mark.parametrize("form", [{"bill:due email": "maybe"}, {"fire email": "off"}])
def test_a_forged_answer_changes_nothing(ana, browse, form) -> None:
    assert browse(ana).post(WISHES, form).status_code == 404
    assert not Preference.objects.exists()


def test_of_several_organizations_each_is_shown(ana, acme, globex, browse, person) -> None:
    eve = person("eve", acme="member", globex="member")
    preferences.save([preferences.Change("bill:due", "email", False)], "x", organization=globex.pk)
    client = browse(eve)
    assert square(client.get(WISHES).content.decode(), "bill:due") == "on (by default)"
    other = client.get(WISHES + "?organization=globex").content.decode()
    assert square(other, "bill:due") == "off (by your organization)"
    assert browse(ana).get(WISHES + "?organization=globex").status_code == 404


def test_quiet_hours_are_filled_in_drawn_and_taken_back(ana, browse) -> None:
    client = browse(ana)
    assert "You are told at any time." in client.get(HOURS).content.decode()
    form = NIGHT | {"time_zone": "Europe/Oslo", "channels-0": ["email"]}
    assert client.post(HOURS, form).status_code == 302
    kept = Person.objects.get(user=ana)
    span = {"days": list(DAYS), "from": "22:00", "to": "07:00"}
    assert (kept.time_zone, kept.windows) == (
        "Europe/Oslo", [{"hours": {"quiet": [span]}, "channels": ["email"]}],
    )  # fmt: skip
    html = client.get(HOURS).content.decode()
    assert "not Mon–Sun 22:00–07:00" in html
    assert html.count('class="shut"') == 14
    assert '<rect class="shut" x="0" y="0" width="420"' in html
    client.post(HOURS, form | {"window-0": "0", "remove-0": "on"})
    kept.refresh_from_db()
    assert kept.windows is None


def test_rows_that_are_alike_are_one_window_and_windows_stay_apart(ana, browse) -> None:
    client = browse(ana)
    first = {"hours": {"open": [{"days": ["mon"], "from": "08:00", "to": "16:00"}]}, "channels": []}
    second = {"hours": {"open": [{"days": ["mon"], "from": "09:00", "to": "18:00"}]}, "channels": []}
    Person.objects.create(user=ana, windows=[first, second])
    html = client.get(HOURS).content.decode()
    form = dict(re.findall(r'name="((?:from|to|window)-\d)" value="([^"]*)"', html))
    form |= {"kind-0": "open", "kind-1": "open", "kind-2": "open", "days-0": "mon", "days-1": "mon"}
    client.post(HOURS, form | {"days-2": ["tue"], "from-2": "10:00", "to-2": "12:00"})
    windows = Person.objects.get(user=ana).windows
    assert [len(window["hours"]["open"]) for window in windows] == [2, 1]
    assert windows[1] == second


def test_what_is_wrong_is_said_beside_its_row_and_nothing_is_lost(ana, browse) -> None:
    form = NIGHT | {"kind-1": "open", "days-1": ["mon"], "from-1": "nine", "to-1": "10:00",
                    "kind-2": "quiet", "from-2": "12:00", "to-2": "12:00", "rest": "soon", "time_zone": "Mars",
                    }  # fmt: skip
    answer = browse(ana).post(HOURS, form)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert not Person.objects.exists()
    assert 'value="nine"' in html
    assert 'value="Mars"' in html
    assert html.count('class="tocsin-span tocsin-faulty"') == 2
    assert "&#x27;nine&#x27; is no time of day." in html
    assert "is no time zone" in html
    assert "is no time. Write it as" in html


def test_hours_that_never_open_are_refused(ana, browse) -> None:
    form = NIGHT | {"from-0": "00:00", "to-0": "24:00"}
    answer = browse(ana).post(HOURS, form)
    assert answer.status_code == 422
    assert "never opens" in answer.content.decode()


def test_a_rest_is_on_the_clock_of_their_zone(ana, browse) -> None:
    client = browse(ana)
    day = f"{LATER:%Y}-12-24" if LATER.month < 12 else f"{LATER.year + 1}-12-24"
    client.post(HOURS, {"rest": f"{day}T08:00", "time_zone": "Europe/Oslo"})
    assert Person.objects.get(user=ana).dnd_until == datetime.fromisoformat(f"{day}T07:00+00:00")
    assert f'value="{day}T08:00"' in client.get(HOURS).content.decode()


def test_what_waits_for_me_is_mine_alone(ana, person, browse) -> None:
    ben = person("ben", acme="member")
    for user in (ana, ben):
        add_destination(user, "memory", {"name": user.username})
        Person.objects.create(user=user, dnd_until=LATER)
        tocsin.notify("drill", title=f"for {user.username}", to=[f"user:{user.username}"], channel="memory",
                      organization="acme")  # fmt: skip
    deliver_now()
    assert Delivery.objects.filter(state="deferred").count() == 2
    html = browse(ana).get(PENDING).content.decode()
    assert "for ana" in html
    assert "They asked not to be disturbed until then." in html
    assert "for ben" not in html
    assert "Planned" not in html


@pytest.fixture
def planned(ana, globex):
    """An event and a series in each of two organizations."""
    made = {}
    for slug in ("acme", "globex"):
        made[slug] = (
            tocsin.notify("drill", title=f"later {slug}", due_at=LATER, organization=slug).id,
            tocsin.repeat("drill", title=f"again {slug}", rrule="FREQ=DAILY", organization=slug).pk,
        )
    return made


def test_who_looks_after_it_sees_and_cancels_what_is_planned(planned, person, browse) -> None:
    event, series = planned["acme"]
    client = browse(person("root", acme="owner"))
    html = client.get(PENDING).content.decode()
    assert "later acme" in html
    assert "again acme" in html
    assert "FREQ=DAILY" in html
    assert "globex" not in html
    client.post(f"{PENDING}cancel/", {"id": [str(event)]})
    client.post(f"/tocsin/series/{series}/cancel/")
    assert Event.objects.get(pk=event).state == "cancelled"
    assert Series.objects.get(pk=series).state == "cancelled"
    html = client.get(PENDING).content.decode()
    assert "later acme" not in html
    assert "Nothing comes again." in html


def test_anothers_is_missing_and_nothing_of_it_changes(planned, person, browse) -> None:
    client = browse(person("root", acme="owner"))
    mine, theirs = planned["acme"][0], planned["globex"][0]
    assert client.post(f"{PENDING}cancel/", {"id": [str(mine), str(theirs)]}).status_code == 404
    assert client.post(f"/tocsin/series/{planned['globex'][1]}/cancel/").status_code == 404
    assert set(Event.objects.values_list("state", flat=True)) == {"waiting"}
    assert set(Series.objects.values_list("state", flat=True)) == {"active"}


def test_who_may_only_look_gets_no_buttons(planned, person, browse) -> None:
    html = browse(person("max", acme="manager")).get(PENDING).content.decode()
    assert ("later acme" in html) == ("Planned" in html)


@pytest.mark.parametrize("url", [WISHES, HOURS, PENDING])
def test_hostile_names_are_only_words(url, person, browse, settings, acme) -> None:
    evil = "<script>alert(1)</script>"
    settings.TOCSIN = {**settings.TOCSIN, "EVENT_TYPES": {"x": {"label": evil, "category": "c"}}}
    tocsin.notify("x", title=evil, due_at=LATER, organization="acme", about=evil)
    tocsin.repeat("x", title=evil, rrule="FREQ=DAILY", organization="acme")
    html = browse(person("root", acme="owner")).get(url).content.decode()
    assert evil not in html


def test_the_language_is_kept_and_spoken_from_then_on(ana, browse) -> None:
    client = browse(ana)
    assert client.post(HOURS, {"time_zone": "", "locale": "fr"}).status_code == 302
    assert Person.objects.get(user=ana.pk).locale == "fr"
    assert '<html lang="fr">' in client.get(HOURS).content.decode()
    client.post(HOURS, {"time_zone": "", "locale": ""})
    assert Person.objects.get(user=ana.pk).locale == ""
    assert '<html lang="en">' in client.get(HOURS).content.decode()
    assert client.post(HOURS, {"time_zone": "", "locale": "xx"}).status_code == 422
