"""Authenticated rows: what a model declares, what a MAC covers, and what happens to a row that the portal did not
write.
"""

from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F, Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.models import Organisation, User
from core import journal, rows
from core.keys import KeyringError, protect
from core.models import CityKey, RowMac
from core.models.rows import UNSIGNED, AuthenticatedRow, Decides, RowQuerySet, by_city, is_genuine, mac_of
from core.operations import key_rotation
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.accounts.mailbox import sent_code
from tests.vault.couples import granted
from vault.records.actions import grants
from vault.records.models import Grant, GrantField

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("may_sign")]


def test_a_model_that_decides_has_its_mac_or_is_guarded() -> None:
    deciding = [model for model in apps.get_models() if isinstance(getattr(model, "decides", None), Decides)]
    beside = {model._meta.label for model in deciding if not issubclass(model, AuthenticatedRow)}
    assert beside == {"account.EmailAddress", "mfa.Authenticator", "socialaccount.SocialAccount"}
    for model in deciding:
        columns = {field.name for field in model._meta.concrete_fields}
        assert {*model.decides.columns} <= columns, model._meta.label  # type: ignore[attr-defined]
        if issubclass(model, AuthenticatedRow):
            with scopes_disabled():
                assert isinstance(model._default_manager.all(), RowQuerySet), model._meta.label


def test_these_rows_are_followed_once_they_ended_and_with_their_accounts() -> None:
    """Whoever takes one off says so here, and in docs/decisions/0025."""
    found = [
        model
        for model in apps.get_models()
        if isinstance(getattr(model, "decides", None), Decides) and not model._meta.proxy
    ]
    assert {model._meta.label for model in found if model.decides.ends} == {  # type: ignore[attr-defined]
        "records.Record",
        "records.Paper",
        "records.PaperFile",
        "sharing.Member",
        "sharing.Invitation",
    }
    assert {model._meta.label for model in found if model.decides.account} == {  # type: ignore[attr-defined]
        "accounts.User",
        "accounts.Sheet",
        "accounts.Invitation",
        "accounts.Membership",
        "accounts.PublisherMember",
        "accounts.OrganisationPermission",
        "accounts.PublisherPermission",
        "account.EmailAddress",
        "mfa.Authenticator",
        "socialaccount.SocialAccount",
    }


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_each_way_to_write_keeps_columns_and_mac_together() -> None:
    place = Organisation.objects.create(name="CCAS")
    place.answers_help = True
    place.save(update_fields=["answers_help"])
    Organisation.objects.filter(pk=place.pk).update(is_active=False, name="Ailleurs")
    [other] = Organisation.objects.bulk_create([Organisation(name="Mission locale", answers_help=True)])
    assert {(one.name, one.is_active, one.answers_help) for one in Organisation.objects.all()} == {
        ("Ailleurs", False, True),
        ("Mission locale", True, True),
    }
    with pytest.raises(TypeError):
        Organisation.objects.update(is_active=F("answers_help"))
    with pytest.raises(TypeError):
        Organisation.objects.bulk_create([other], update_conflicts=True, unique_fields=["id"], update_fields=["name"])
    with pytest.raises(TypeError):
        Organisation.objects.only("name", "is_active").first()


def test_a_save_of_one_column_leaves_the_others_as_a_concurrent_request_wrote_them() -> None:
    mine = AgentFactory()
    theirs = User.objects.get(pk=mine.pk)
    theirs.is_active = False
    theirs.save(update_fields=["is_active"])
    mine.at_desk = True
    mine.save(update_fields=["at_desk"])
    stored = User.objects.get(pk=mine.pk)
    assert stored.at_desk and not stored.is_active


@pytest.mark.parametrize("how", ["save", "save one", "update"])
def test_no_write_of_the_portal_makes_a_forged_column_genuine(resident: User, how: str) -> None:
    grant = granted(resident, "fiscal.avis_ir#/nombre_parts")
    sql("UPDATE records_grant SET once = NOT once WHERE id = %s", grant.pk)
    with scope(resident=resident.pk):
        found = Grant.objects.get(pk=grant.pk)
        with pytest.raises(rows.Forged), transaction.atomic():
            if how == "update":
                Grant.objects.filter(pk=grant.pk).update(paused_at=found.starts_at)
            else:
                found.paused_at = found.starts_at
                found.save(update_fields=["paused_at"] if how == "save one" else None)


def test_a_row_without_a_mac_is_refused() -> None:
    agent = AgentFactory()
    sql("UPDATE accounts_user SET mac = '' WHERE id = %s", agent.pk)
    with pytest.raises(rows.Forged):
        User.objects.get(pk=agent.pk)
    with pytest.raises(rows.Forged):
        agent.save()


def test_a_mac_is_of_one_row_of_one_model_under_one_key(resident: User, stranger: User) -> None:
    mine, theirs = (granted(one, "fiscal.avis_ir#/nombre_parts") for one in (resident, stranger))
    theirs.recipient_id, theirs.starts_at, theirs.ends_at = mine.recipient_id, mine.starts_at, mine.ends_at
    assert mac_of(mine) != mac_of(theirs)
    twin = Grant(**{field.attname: getattr(mine, field.attname) for field in Grant._meta.concrete_fields})
    assert mac_of(twin) == mac_of(mine)
    twin.pk = theirs.pk
    assert mac_of(twin) != mac_of(mine)


def test_a_list_of_columns_may_grow_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row under an earlier list is believed only while the columns added since hold their defaults."""
    monkeypatch.setattr(Organisation, "decides", by_city("is_active"))
    place = Organisation.objects.create(name="CCAS")
    monkeypatch.setattr(
        Organisation, "decides", by_city("is_active", "answers_help", former=[Organisation.decides.columns])
    )
    assert is_genuine(Organisation.objects.get(), place.mac)
    sql("UPDATE accounts_organisation SET answers_help = true")
    with pytest.raises(rows.Forged):
        Organisation.objects.get()


def test_a_refused_row_is_journalled_once_a_day_and_logged_each_time(
    resident: User, caplog: pytest.LogCaptureFixture
) -> None:
    sql("UPDATE accounts_user SET at_desk = true WHERE id = %s", resident.pk)
    for _time in range(2):
        with pytest.raises(rows.Forged) as refused:
            User.objects.get(pk=resident.pk)
        rows.report(refused.value)
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=9)]
    assert events.count("row_refused") == 1
    assert [record.levelname for record in caplog.records if "not what the portal wrote" in record.message] == [
        "ERROR",
        "ERROR",
    ]


def test_one_refused_row_does_not_stop_the_scheduler(resident: User, stranger: User) -> None:
    bad, good = (granted(one, "fiscal.avis_ir#/nombre_parts") for one in (resident, stranger))
    sql("UPDATE records_grant SET once = NOT once WHERE id = %s", bad.pk)
    with time_machine.travel(good.ends_at):
        assert grants.close_expired_grants() == 1


def test_rows_from_before_get_a_mac_once(capsys: pytest.CaptureFixture[str]) -> None:
    agent = AgentFactory()
    granted(ResidentFactory(), "fiscal.avis_ir#/nombre_parts")
    for table in ("accounts_user", "records_grant", "records_grantfield"):
        sql(f"UPDATE {table} SET mac = ''")
    RowMac.objects.all().delete()
    with pytest.raises(CommandError, match="rows are not as the portal wrote them"):
        call_command("rows", "check")
    before = CityKey.objects.get().protected
    never_signed = protect.protect(rows.city_key().hex() + " ", purpose=rows.PURPOSE)
    assert rows.KEEPER.replace(1, before, never_signed) == 1
    call_command("rows", "sign")
    assert rows.were_signed()
    call_command("rows", "check")
    assert User.objects.get(pk=agent.pk) == agent
    with scopes_disabled():
        row = GrantField.objects.get()
        assert is_genuine(row, row.mac)
    sql("UPDATE accounts_user SET mac = '' WHERE id = %s", agent.pk)
    call_command("rows", "sign")
    assert "--again" in capsys.readouterr().out
    with pytest.raises(rows.Forged):
        User.objects.get(pk=agent.pk)
    call_command("rows", "sign", again=True)
    assert User.objects.get(pk=agent.pk) == agent


def grow(monkeypatch: pytest.MonkeyPatch, model: type[Model], *added: str, **more: Any) -> None:
    """Declare a longer list of columns, as a later version does."""
    decides: Decides = model.decides  # type: ignore[attr-defined]
    longer = replace(decides, columns=(*decides.columns, *added), former=decides.lists, **more)
    monkeypatch.setattr(model, "decides", longer)


def test_after_a_longer_list_each_row_is_signed_once(resident: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account and a share with a value in the added column: their former MACs are checked, their heads follow."""
    resident.last_login = timezone.now()
    resident.save(update_fields=["last_login"])
    grant = granted(resident, "fiscal.avis_ir#/nombre_parts", snapshot=b"sealed")
    call_command("rows", "sign")
    grow(monkeypatch, User, "last_login")
    grow(monkeypatch, Grant, "snapshot")
    with pytest.raises(rows.Forged):
        User.objects.get(pk=resident.pk)
    call_command("rows", "sign")
    call_command("rows", "check")
    assert User.objects.get(pk=resident.pk) == resident and rows.accounts.check(resident.pk)
    with scope(resident=resident.pk):
        stored = Grant.objects.get(pk=grant.pk)
    rows.check(stored)
    assert stored.mac[0] == len(Grant.decides.lists)


def test_a_row_whose_former_mac_is_wrong_stays_forged(resident: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Organisation, "decides", by_city("answers_help"))
    place = Organisation.objects.create(name="CCAS")
    call_command("rows", "sign")
    sql("UPDATE accounts_organisation SET answers_help = NOT answers_help WHERE id = %s", place.pk)
    sql("UPDATE accounts_user SET mac = '', last_login = now() WHERE id = %s", resident.pk)
    grow(monkeypatch, User, "last_login")
    grow(monkeypatch, Organisation, "name")
    call_command("rows", "sign")
    with pytest.raises(rows.Forged):
        Organisation.objects.get(pk=place.pk)
    with pytest.raises(rows.Forged):
        User.objects.get(pk=resident.pk)


def test_a_column_that_was_signed_is_not_believed_under_the_list_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row and its MAC of two lists ago are put back, with another value in the column that came between."""
    monkeypatch.setattr(Organisation, "decides", by_city("answers_help"))
    place, other = Organisation.objects.create(name="CCAS"), Organisation.objects.create(name="Mission locale")
    call_command("rows", "sign")
    grow(monkeypatch, Organisation, "name")
    call_command("rows", "sign")
    assert Organisation.objects.get(pk=other.pk) == other
    sql(
        "UPDATE accounts_organisation SET name = 'Ailleurs', mac = %s WHERE id = %s",
        mac_of(place, version=1),
        place.pk,
    )
    grow(monkeypatch, Organisation, "phone")
    call_command("rows", "sign")
    with pytest.raises(rows.Forged):
        Organisation.objects.get(pk=place.pk)
    assert Organisation.objects.get(pk=other.pk) == other


def test_macs_from_before_salts_get_one_once() -> None:
    place, forged, later = (Organisation.objects.create(name=name) for name in ("CCAS", "MSA", "Mission locale"))
    for one in (place, forged):
        sql("UPDATE accounts_organisation SET mac = %s WHERE id = %s", mac_of(one, salt=b""), one.pk)
    with pytest.raises(rows.Forged):
        Organisation.objects.get(pk=place.pk)
    before, state = CityKey.objects.get().protected, rows.read_state()._replace(word=rows.COUNTED)
    assert rows.KEEPER.replace(1, before, rows.protect_key(rows.city_key(), state)) == 1
    assert Organisation.objects.get(pk=place.pk) == place
    sql("UPDATE accounts_organisation SET name = 'Ailleurs' WHERE id = %s", forged.pk)
    call_command("rows", "sign")
    assert Organisation.objects.get(pk=place.pk) == place and rows.were_signed()
    sql("UPDATE accounts_organisation SET mac = %s WHERE id = %s", mac_of(later, salt=b""), later.pk)
    call_command("rows", "sign")
    for one in (forged, later):
        with pytest.raises(rows.Forged):
            Organisation.objects.get(pk=one.pk)


def test_a_model_that_had_no_mac_is_signed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Organisation, "decides", by_city("name"))
    call_command("rows", "sign")
    monkeypatch.setattr(Organisation, "decides", by_city("is_active", "name", former=[UNSIGNED]))
    place = Organisation.objects.create(name="CCAS")
    sql("UPDATE accounts_organisation SET mac = '', name = 'Centre social' WHERE id = %s", place.pk)
    with pytest.raises(rows.Forged):
        Organisation.objects.get(pk=place.pk)
    call_command("rows", "sign")
    assert Organisation.objects.get(pk=place.pk).name == "Centre social"
    for mac in (b"", b"\x01" + bytes(32)):
        sql("UPDATE accounts_organisation SET mac = %s, name = 'Ailleurs' WHERE id = %s", mac, place.pk)
        call_command("rows", "sign")
        with pytest.raises(rows.Forged):
            Organisation.objects.get(pk=place.pk)


def test_what_was_put_back_or_removed_before_is_not_signed(resident: User, monkeypatch: pytest.MonkeyPatch) -> None:
    agent, grant = AgentFactory(), granted(resident, "fiscal.avis_ir#/nombre_parts", snapshot=b"sealed")
    kept_one = granted(resident, "fiscal.avis_ir#/nombre_parts", snapshot=b"sealed")
    call_command("rows", "sign")
    with scope(resident=resident.pk):
        grants.stop(grant=grant, by=resident.pk)
    sql("UPDATE records_grant SET mac = %s, stopped_at = NULL WHERE id = %s", grant.mac, grant.pk)
    sql("DELETE FROM mfa_authenticator WHERE user_id = %s", agent.pk)
    grow(monkeypatch, Grant, "snapshot")
    User.objects.update(last_login=timezone.now())
    grow(monkeypatch, User, "last_login")
    call_command("rows", "sign")
    with scope(resident=resident.pk):
        rows.check(Grant.objects.get(pk=kept_one.pk))
        with pytest.raises(rows.Forged):
            rows.check(Grant.objects.get(pk=grant.pk))
    with pytest.raises(CommandError) as found:
        call_command("rows", "check")
    assert str(grant.pk) in str(found.value) and f"account {agent.pk}" in str(found.value)


def test_the_citys_key_is_rewrapped_and_stays_the_same(resident: User) -> None:
    before, kept = CityKey.objects.get().protected, rows.KEEPER
    again = protect.protect(protect.unprotect(before, purpose=kept.purpose), purpose=kept.purpose)
    assert kept.replace(1, before, again) == 1 and CityKey.objects.get().protected != before
    rows.city_key.cache_clear()
    assert User.objects.get(pk=resident.pk) == resident
    assert key_rotation.counts()


def test_a_key_of_another_purpose_is_not_the_citys() -> None:
    with pytest.raises(KeyringError):
        protect.unprotect(protect.protect("2" * 64, purpose="second factor"), purpose=rows.PURPOSE)


def test_a_page_says_that_nothing_is_opened(resident: User) -> None:
    sql("UPDATE accounts_user SET at_desk = true WHERE id = %s", resident.pk)
    client = Client()
    client.post(reverse("account_login"), {"email": resident.email})
    page = client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    assert page.status_code == 503
    assert "rien n’est ouvert" in page.content.decode()
