"""A destination that is changed: its secret stays with its address and does not follow to another one."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.recipients import destinations, managed, secrets
from tocsin.recipients.models import Destination
from tocsin.tenants.models import Organization
from tocsin.tenants.scope import OPERATOR, Scope

pytestmark = pytest.mark.django_db

HOOK = "https://example.org/hook/t0ken-1"
OTHER = "https://example.org/hook/t0ken-2"
SECRET = "whsec_" + "QUJD" * 11


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", "Ana@Example.org")


@pytest.fixture
def hook(ana):
    return destinations.create(ana, "webhook", {"url": HOOK, "secret": SECRET}).destination


def secrets_of(destination):
    return secrets.unseal(Destination.objects.get(pk=destination.pk).secrets)


def test_a_secret_that_the_channel_made_is_handed_out_once_and_hidden(ana) -> None:
    saved = destinations.create(ana, "webhook", {"url": HOOK})
    assert saved.made["secret"].startswith("whsec_")
    assert secrets_of(saved.destination)["secret"] == saved.made["secret"]
    assert "whsec_" not in repr(saved)
    assert "whsec_" not in repr(saved.made)
    assert "t0ken" not in repr(secrets_of(saved.destination))


def test_nothing_is_made_where_all_is_given(ana) -> None:
    assert destinations.create(ana, "webhook", {"url": HOOK, "secret": SECRET}).made == {}


def test_what_is_not_given_is_kept_while_the_address_is_the_same(hook) -> None:
    saved = destinations.change(hook, {}, label="renamed")
    assert not saved.secret_cleared
    assert (
        secrets_of(hook) == {"url": HOOK, "secret": SECRET, "method": "POST"}
        or secrets_of(hook)["secret"] == SECRET
    )
    assert Destination.objects.get().label == "renamed"


def test_a_secret_can_be_replaced_alone(hook) -> None:
    again = "whsec_" + "WFla" * 11
    destinations.change(hook, {"secret": again})
    assert secrets_of(hook)["secret"] == again
    assert secrets_of(hook)["url"] == HOOK


def test_a_secret_does_not_follow_to_another_address(hook) -> None:
    destinations.disable(hook, "gone")
    hook.refresh_from_db()
    saved = destinations.change(hook, {"url": OTHER})
    assert saved.secret_cleared
    assert secrets_of(hook)["secret"] == saved.made["secret"] != SECRET
    found = Destination.objects.get()
    assert (found.disabled_at, found.disabled_reason, found.verified_at) == (None, "", None)


def test_a_required_secret_must_be_given_again_with_a_new_address(hook, monkeypatch) -> None:
    from tocsin.channels.webhook import WebhookForm

    monkeypatch.setattr(WebhookForm.base_fields["secret"], "required", True)
    with pytest.raises(InvalidInput) as caught:
        destinations.change(hook, {"url": OTHER})
    [error] = caught.value.errors
    assert error.field == "settings.secret"
    assert "address changed" in error.remedy
    assert secrets_of(hook)["url"] == HOOK


def test_secrets_that_cannot_be_read_any_more_are_replaced(hook, settings) -> None:
    from cryptography.fernet import Fernet

    settings.TOCSIN = settings.TOCSIN | {"SECRET_KEYS": [Fernet.generate_key().decode()]}
    hook.refresh_from_db()
    with pytest.raises(InvalidInput, match="url"):
        destinations.change(hook, {})
    assert destinations.change(hook, {"url": HOOK}).secret_cleared
    assert secrets_of(hook)["url"] == HOOK


@pytest.mark.parametrize("given", [[], "x", None, 7])
def test_settings_that_are_no_object_change_nothing(hook, given) -> None:
    with pytest.raises(InvalidInput, match="must be an object"):
        destinations.change(hook, given)
    assert secrets_of(hook)["secret"] == SECRET


def test_another_address_of_the_same_owner_is_refused(ana, hook) -> None:
    other = destinations.create(ana, "webhook", {"url": OTHER}).destination
    with pytest.raises(InvalidInput, match="already"):
        destinations.change(other, {"url": HOOK})


def test_labels_that_nobody_chose_are_numbered(ana, hook) -> None:
    second = destinations.create(ana, "webhook", {"url": OTHER}).destination
    third = destinations.create(ana, "webhook", {"url": OTHER + "3"}).destination
    assert [hook.label, second.label, third.label] == [
        "https://example.org",
        "https://example.org (2)",
        "https://example.org (3)",
    ]


@pytest.mark.parametrize("label", [7, 0, False, [], ["x"], {"a": 1}, "x" * 2_000_000, "a\r\nb", "a\x00b"])
def test_a_label_that_is_none_names_the_field_and_is_not_repeated(ana, label) -> None:
    with pytest.raises(InvalidInput) as caught:
        destinations.create(ana, "memory", {"name": "a"}, label=label)
    assert [error.field for error in caught.value.errors] == ["label"]
    assert len(str(caught.value)) < 200


@pytest.mark.django_db(transaction=True)
def test_two_who_save_the_same_address_at_once_get_one_and_a_clear_error(ana) -> None:
    answers = []
    start = threading.Barrier(4)

    def save(number: int) -> None:
        start.wait()
        try:
            answers.append(destinations.create(ana, "memory", {"name": "a"}, label=str(number)))
        except InvalidInput as error:
            answers.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Destination.objects.count() == 1
    assert sum(isinstance(answer, str) and "already" in answer for answer in answers) == 3


def test_a_channel_that_is_not_set_up_is_refused_with_what_to_do(ana, monkeypatch) -> None:
    from tocsin.channels.memory import MemoryChannel

    monkeypatch.setattr(MemoryChannel, "not_ready", lambda self: "Set TOCSIN['PIGEONS'].")
    with pytest.raises(InvalidInput, match="PIGEONS"):
        destinations.create(ana, "memory", {"name": "a"})


def test_who_may_see_which(ana, django_user_model) -> None:
    ben = django_user_model.objects.create_user("ben")
    acme, other = Organization.objects.create(slug="acme"), Organization.objects.create(slug="other")
    rows = {
        owner: destinations.create(owner, "memory", {"name": "a"}).destination
        for owner in (ana, ben, acme, other)
    }

    def seen(scope: Scope) -> set:
        return set(destinations.manageable(scope))

    member = Scope(frozenset({acme.pk}), ana.pk, frozenset({"inbox"}))
    admin = Scope(frozenset({acme.pk}), ana.pk, frozenset({"admin"}))
    token = Scope(frozenset({acme.pk}), None, frozenset({"destinations"}))
    assert seen(member) == {rows[ana]}
    assert seen(admin) == {rows[ana], rows[acme]}
    assert seen(token) == {rows[acme]}
    assert seen(Scope(frozenset({acme.pk}), None, frozenset({"events:read"}))) == set()
    assert seen(OPERATOR) == set(rows.values())
    assert destinations.find(str(rows[ana].pk), member) == rows[ana]
    for public_id in (str(rows[ben].pk), "999999", "0", "", "x", "٣", "1" * 40, f"account-memory-{ana.pk}"):
        with pytest.raises(NotFound):
            destinations.find(public_id, member)


def test_the_account_address_is_one_read_only_entry(ana, django_user_model) -> None:
    mine = Scope(frozenset(), ana.pk)
    [entry] = managed.entries(ana.pk)
    assert managed.public_id(entry) == f"account-email-{ana.pk}"
    assert (entry.label, entry.managed, entry.pk) == ("ana@example.org", True, None)
    for change in (lambda: destinations.change(entry, {}), lambda: destinations.delete(entry)):
        with pytest.raises(Conflict, match="read-only"):
            change()
    assert destinations.disable(entry, "bounced")
    assert not destinations.disable(managed.entries(ana.pk)[0], "bounced again")
    found = managed.find(f"account-email-{ana.pk}", mine)
    assert found.disabled_reason == "bounced"
    assert not destinations.manageable(mine).filter(managed=False).exists()
    with pytest.raises(NotFound):  # the row has a number too, by which it is not reached
        destinations.find(str(found.pk), mine)
    django_user_model.objects.filter(pk=ana.pk).update(email="new@example.org")
    assert managed.entries(ana.pk)[0].disabled_at is None


def test_another_ones_account_address_does_not_exist(ana, django_user_model) -> None:
    ben = django_user_model.objects.create_user("ben", "ben@example.org")
    mine = Scope(frozenset(), ana.pk)
    for text in (
        f"account-email-{ben.pk}",
        "account-email-",
        "account",
        f"account-memory-{ana.pk}",
        "account-email-x",
    ):
        with pytest.raises(NotFound):
            managed.find(text, mine)
    assert managed.find(f"account-email-{ben.pk}", OPERATOR).label == "ben@example.org"


def test_a_channel_with_a_dash_in_its_slug_has_entries_too(ana, monkeypatch) -> None:
    from tocsin.channels import registry
    from tocsin.channels.email import EmailChannel

    own = type("MailChannel", (EmailChannel,), {"slug": "my-mail"})()
    monkeypatch.setattr(registry, "channels", lambda: {"my-mail": own})
    assert managed.find(f"account-my-mail-{ana.pk}", OPERATOR).channel == "my-mail"


def test_enabling_what_is_not_disabled_changes_nothing(ana) -> None:
    destinations.enable(managed.entries(ana.pk)[0])
    assert not Destination.objects.exists()


@pytest.mark.parametrize("name", [["a"], {"a": 1}, True, "a\r\nb", "a\x1b[31m", "\ud800"])
def test_a_setting_that_is_no_text_is_refused(ana, name) -> None:
    with pytest.raises(InvalidInput, match=r"settings\.name"):
        destinations.create(ana, "memory", {"name": name})


def test_of_very_many_unknown_settings_some_are_named(ana) -> None:
    with pytest.raises(InvalidInput) as caught:
        destinations.create(ana, "memory", {f"name{number}": 1 for number in range(5_000)})
    assert len(caught.value.errors) == 50


def test_who_has_no_account_address_has_no_entry(django_user_model) -> None:
    assert managed.entries(django_user_model.objects.create_user("nomail").pk) == []
    assert managed.entries(10**9) == []
