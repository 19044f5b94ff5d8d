"""Authenticated rows: what a model declares, what a MAC covers, and what happens to a row that the portal did not
write.
"""

from uuid import UUID

import pytest
import time_machine
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from accounts.models import Organisation, User
from core import journal, rows
from core.keys import KeyringError, protect
from core.models import CityKey, RowMac
from core.models.rows import AuthenticatedRow, Decides, Nothing, RowQuerySet, by_city, is_genuine, mac_of
from core.operations import key_rotation
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.accounts.mailbox import sent_code
from tests.vault.couples import granted
from vault.records.actions import grants
from vault.records.models import Grant, GrantField

pytestmark = pytest.mark.django_db
#: Models of other packages whose rows decide nothing, with the reason.
OTHERS = {
    "admin.LogEntry": "the admin's own history",
    "auth.Permission": "rights follow the role and the settings (accounts/sign_in/backends.py)",
    "auth.Group": "rights follow the role and the settings",
    "contenttypes.ContentType": "names of models",
    "account.EmailConfirmation": "no page confirms an address by a link",
    "socialaccount.SocialApp": "providers are declared in the settings",
    "socialaccount.SocialToken": "no token of a provider is used",
    "oauth2_provider.DeviceGrant": "no address opens that flow",
}


def test_every_model_says_what_its_rows_decide() -> None:
    found = {model._meta.label: getattr(model, "decides", None) for model in apps.get_models()}
    undeclared = {label for label, decides in found.items() if not isinstance(decides, Decides | Nothing)}
    assert undeclared == {*OTHERS}
    assert len(found) > 50
    assert all(decides.reason for decides in found.values() if isinstance(decides, Nothing))


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
        "account.EmailAddress",
        "mfa.Authenticator",
        "socialaccount.SocialAccount",
    }


def sql(statement: str, *values: UUID) -> None:
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
    sql("UPDATE accounts_user SET is_staff = true WHERE id = %s", resident.pk)
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
    sql("UPDATE accounts_user SET is_staff = true WHERE id = %s", resident.pk)
    client = Client()
    client.post(reverse("account_login"), {"email": resident.email})
    page = client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    assert page.status_code == 503
    assert "rien n’est ouvert" in page.content.decode()
