"""Whoever writes to the database, as the portal's own role but without the keyring, opens no vault.

Each attack writes by SQL, then uses the portal as anybody does.
"""

import json
import re
import secrets
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import pending
from accounts.actions.identities import holder_of
from accounts.models import Membership, User
from accounts.sign_in.openid import Identity
from core.keys.sealed import seal_json
from core.models import City
from core.rows import Forged
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.accounts.mailbox import last_text, sent_code
from tests.accounts.test_passkeys import add as add_passkey
from tests.accounts.test_passkeys import browser, is_in, sign_in_with
from tests.accounts.test_second_factor import code_now
from tests.vault import scale
from tests.vault.couples import TRIED, couple, granted, place
from tests.vault.entrusted import entrusted
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.urgent import offered
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.enums import Assurance, HouseholdRole, PaperState
from vault.records.models import Grant, GrantField, Paper, Record
from vault.records.presenting import values
from vault.records.values import listing
from vault.records.values.decrypted import Values
from vault.sharing.across import household_access, mandates
from vault.sharing.actions import household
from vault.sharing.models import Invitation, Mandate

pytestmark = pytest.mark.django_db
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
HELD = Assurance.HOLDER.value
RENT = "logement.domicile#/loyer"


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web", "the attacker has the portal's own role"
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "the attack reached nothing"


def insert(row: Any) -> None:
    """Write a row as the attacker does, who knows every column and no key."""
    fields = [field for field in row._meta.concrete_fields if field.attname != "mac"]
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    columns = [field.column for field in fields]
    if any(field.attname == "mac" for field in row._meta.concrete_fields):
        columns, values = [*columns, "mac"], [*values, b"\x01" + secrets.token_bytes(32)]
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(values))
    sql(f'INSERT INTO "{row._meta.db_table}" ({names}) VALUES ({marks})', *values)


def signs_in_by_code(email: str) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"email": email})
    client.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    return client


def reads(grant: Grant, field: str = INCOME) -> bool:
    try:
        return bool(gate.read(grant=grant, fields=[field]))
    except (gate.Refused, Forged):
        return False


def own(resident: User, field: str) -> bool:
    try:
        return bool(gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=[field]))
    except Forged:
        return False


def columns_of(grant: Grant, **changed: object) -> dict[str, object]:
    return {field.attname: getattr(grant, field.attname) for field in grant._meta.concrete_fields} | changed


def test_an_address_set_on_somebody_elses_account_does_not_sign_in(resident: User) -> None:
    sql("UPDATE accounts_user SET email = 'voleur@courriel.example' WHERE id = %s", resident.pk)
    assert not is_in(signs_in_by_code("voleur@courriel.example"))


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("is_superuser", "admin:accounts_user_changelist"),
        ("is_dpo", "admin:journal_contest_changelist"),
        ("at_desk", "sharing:desk"),
    ],
)
def test_a_role_written_on_an_account_gives_no_right(role: str, page: str) -> None:
    client = signed_in(agent := AgentFactory())
    sql(f"UPDATE accounts_user SET {role} = true WHERE id = %s", agent.pk)
    assert client.get(reverse(page)).status_code != 200


def test_a_closed_account_opened_again_does_not_sign_in() -> None:
    agent = AgentFactory(second_factor=False)
    agent.is_active = False
    agent.save(update_fields=["is_active"])
    sql("UPDATE accounts_user SET is_active = true WHERE id = %s", agent.pk)
    client = signs_in_by_code(agent.email)
    assert "_auth_user_id" not in client.session


def test_a_passkey_written_for_somebody_else_does_not_sign_in(resident: User, stranger: User) -> None:
    (theirs, _page), (mine, _page) = add_passkey(resident), add_passkey(stranger)
    sql("DELETE FROM mfa_authenticator WHERE user_id = %s AND type = 'webauthn'", resident.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        sql("UPDATE mfa_authenticator SET user_id = %s WHERE type = 'webauthn'", resident.pk)
    client = browser()
    sign_in_with(client, mine, user=theirs.user)
    assert not is_in(client)


def test_a_second_factor_copied_from_another_account_is_not_taken() -> None:
    victim, mine = AgentFactory(), AgentFactory()
    theirs = Authenticator.objects.get(user=mine, type="totp").data
    sql("UPDATE mfa_authenticator SET data = %s WHERE user_id = %s AND type = 'totp'", json.dumps(theirs), victim.pk)
    client = signed_in(victim, second_factor=False)
    client.post(reverse("mfa_reauthenticate"), {"code": code_now()})
    assert client.get(reverse("admin:index")).status_code != 200


def test_an_identity_written_for_somebody_else_finds_nobody(resident: User) -> None:
    insert(
        SocialAccount(
            pk=9_000, user=resident, provider="franceconnect", uid="voleur", extra_data={}, last_login=timezone.now()
        )
    )
    try:
        found = holder_of(Identity("franceconnect", "voleur", "eidas1"))
    except Forged:
        found = None
    assert found is None


def test_a_grant_and_a_mandate_written_by_sql_let_no_companion_read(resident: User) -> None:
    add_signed_notice(resident)
    companion = CompanionFactory()
    place = Membership.objects.get(person=companion)
    kept = granted(resident, INCOME)
    grant = Grant(**columns_of(kept, id=uuid4(), recipient_kind="companion", recipient_id=companion.pk))
    insert(grant)
    insert(GrantField(resident_id=resident.pk, grant=grant, field=INCOME, required=True))
    insert(Mandate(resident_id=resident.pk, grant=grant, membership_id=place.pk, name="Awa", acts=[]))
    assert not reads(grant)


def test_a_mandate_written_by_sql_is_on_no_page_of_the_companion(resident: User) -> None:
    companion = CompanionFactory()
    mandate = entrusted(resident, companion, "home")
    sql("UPDATE sharing_mandate SET acts = '[\"add_paper\"]' WHERE id = %s", mandate.pk)
    client = signed_in(companion)
    assert client.get(reverse("sharing:accompanied", args=[mandate.pk])).status_code == 503
    with pytest.raises(Forged):
        mandates.find(companion, mandate.pk)


def test_a_field_added_to_a_grant_is_not_read(resident: User) -> None:
    add_signed_notice(resident)
    grant = granted(resident, "fiscal.avis_ir#/nombre_parts")
    insert(GrantField(resident_id=resident.pk, grant=grant, field=INCOME, required=True))
    assert not reads(grant)


def test_a_grant_copied_from_another_resident_reads_nothing(resident: User, stranger: User) -> None:
    add_signed_notice(resident)
    mine = granted(stranger, INCOME)
    for column in (
        "records_grant SET resident_id = %s WHERE id",
        "records_grantfield SET resident_id = %s WHERE grant_id",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            sql(f"UPDATE {column} = %s", resident.pk, mine.pk)
    mine.resident_id = resident.pk
    assert not reads(mine)


def test_a_stop_taken_out_of_a_grant_does_not_open_it_again(resident: User) -> None:
    add_signed_notice(resident)
    grant = granted(resident, INCOME)
    grants.stop(grant=grant, by=resident.pk)
    sql("UPDATE records_grant SET stopped_at = NULL WHERE id = %s", grant.pk)
    assert not reads(grant)


def test_a_grant_for_one_reading_is_not_read_twice(resident: User) -> None:
    add_signed_notice(resident)
    grant = granted(resident, INCOME, once=True)
    assert reads(grant)
    sql("UPDATE records_grant SET last_used_at = NULL WHERE id = %s", grant.pk)
    assert not reads(grant)


def test_a_typed_value_does_not_become_a_proven_one(resident: User) -> None:
    add(resident, "logement.domicile", HOME)
    sql(
        "UPDATE records_record SET holder = 'dgfip', method = 'upload', assurance = 'signature_verified'"
        " WHERE resident_id = %s",
        resident.pk,
    )
    assert not own(resident, RENT)
    page = signed_in(resident).get(reverse("records:home"))
    assert page.status_code != 200 or "Vérifié" not in page.content.decode()


def test_a_paper_does_not_become_a_proof(resident: User) -> None:
    record = add_signed_notice(resident)
    paper = Paper(pk=uuid4(), resident_id=resident.pk, state=PaperState.KEPT, token=uuid4(), kept_at=timezone.now())
    paper.content = seal_json(
        {"name": "loyer.pdf", "media_type": "application/pdf", "sha256": ""},
        resident_id=resident.pk,
        place=paper.place,
    )
    paper.save()
    client = signed_in(resident)
    assert "Rangé" in client.get(reverse("records:papers")).content.decode()
    sql("UPDATE records_record SET paper_id = %s WHERE id = %s", paper.pk, record.pk)
    page = client.get(reverse("records:papers"))
    assert page.status_code == 503 and "Vérifié" not in page.content.decode()


@pytest.mark.parametrize("table", ["accounts_user", "accounts_pendingaccount"])
def test_a_name_written_by_somebody_else_is_believed_by_nobody(table: str) -> None:
    """The second of two persons confirms whom they see; whoever opens an account is called as they were offered it."""
    manager = AgentFactory(manages_agents=True)
    pending.offer(email="zoe@villebrume.example", name="Zoé", by=manager, link=lambda token: f"<{token}>")
    [token] = {*re.findall(r"<([\w-]{40,})>", last_text())}
    sql(f"UPDATE {table} SET name = 'Nadia Perrin'")
    with pytest.raises(Forged):
        pending.open_account(token=token)
    if table == "accounts_user":
        with pytest.raises(Forged):
            User.objects.get(pk=manager.pk)


def test_typed_data_is_not_called_verified_in_a_list(resident: User) -> None:
    scale.fill(resident, records=60, papers=0)
    sql("UPDATE records_record SET method = 'upload', assurance = %s WHERE resident_id = %s", HELD, resident.pk)
    with scope(resident=resident.pk):
        sums = listing.listed(listing.Wanted()).sums
    assert sums and all(one.proven for one in sums)
    lines = [line for section in values.sections(Values(), [], {}, sums=sums) for line in section.sums]
    assert lines and {line["tag"] for line in lines} == {""}


def test_a_withdrawn_value_does_not_come_back(resident: User) -> None:
    record = add_signed_notice(resident)
    actions.withdraw_record(record=record, by=resident.pk)
    sql("UPDATE records_record SET withdrawn_at = NULL WHERE id = %s", record.pk)
    with scope(resident=resident.pk):
        assert Record.objects.current().exists()
    assert not own(resident, INCOME)


def test_a_household_invitation_turned_to_another_code_joins_nobody(resident: User, stranger: User) -> None:
    accomplice = ResidentFactory()
    household.invite(resident_id=resident.pk, by=resident.pk, role=HouseholdRole.ADULT)
    code = household.invite(resident_id=accomplice.pk, by=accomplice.pk, role=HouseholdRole.ADULT)
    with scope(resident=accomplice.pk):
        mine = Invitation.objects.get()
    sql("DELETE FROM sharing_invitation WHERE id = %s", mine.pk)
    sql(
        "UPDATE sharing_invitation SET code_hash = %s, role = 'partner' WHERE resident_id = %s",
        mine.code_hash,
        resident.pk,
    )
    with pytest.raises(Forged):
        household.join(resident_id=stranger.pk, by=stranger.pk, code=code)


def test_a_place_written_into_a_household_shows_no_member(resident: User, stranger: User) -> None:
    couple(resident, ResidentFactory())
    couple(stranger, ResidentFactory())
    home = place(resident).household_id
    with pytest.raises(DatabaseError), transaction.atomic():
        sql("UPDATE sharing_member SET household_id = %s WHERE resident_id = %s", home, stranger.pk)
    sql("UPDATE sharing_member SET role = 'adult' WHERE household_id = %s", home)
    with pytest.raises(Forged):
        household_access.of(resident.pk)


def test_urgent_access_switched_on_by_sql_stays_off() -> None:
    offered(False)
    sql("UPDATE core_city SET emergency_access = true")
    assert signed_in(AgentFactory()).get(reverse("sharing:emergencies")).status_code == 503
    page = Client().get(reverse("promise"))
    assert page.status_code == 503 and "il faut deux agents" not in page.content.decode().lower()
    with pytest.raises(Forged):
        City.current()


def test_the_attacks_read_when_nothing_was_written(resident: User) -> None:
    """The same steps without the attack succeed, so that a refusal above is the attack's."""
    add_signed_notice(resident)
    assert reads(granted(resident, INCOME)) and TRIED.items
    assert is_in(signs_in_by_code(resident.email))
