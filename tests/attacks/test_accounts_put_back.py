"""Whoever kept a copy of an account's rows, and puts them back with their MACs of then, signs in and acts no more."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.actions import accounts, identities, places, sheets
from accounts.models import Membership, Organisation, User
from accounts.sign_in.backends import AuthenticationBackend
from accounts.sign_in.openid import Identity
from core import journal, rows
from core.journal import checkpoints
from core.keys import protect
from core.models import CityKey, JournalLeaf
from core.rows import Forged
from tests.accounts.factories import (
    TOTP_SECRET,
    AgentFactory,
    CompanionFactory,
    signed_in,
)
from tests.accounts.test_passkeys import add as add_passkey
from tests.accounts.test_passkeys import browser, is_in, sign_in_with
from tests.accounts.test_second_factor import code_now
from tests.attacks.test_rows_put_back import kept, put_back, sql
from tests.attacks.test_written_rows import signs_in_by_code
from tests.core.test_checkpoints import outside  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
ADDRESSES = ("accounts_user", "account_emailaddress", "core_rowmac")
FACTORS = ("mfa_authenticator", "core_rowmac")


def acts(agent: User, page: str) -> bool:
    return signed_in(agent).get(reverse(page)).status_code == 200


def test_a_former_address_put_back_does_not_sign_in(resident: User) -> None:
    former, copy = resident.email, kept(*ADDRESSES)
    accounts.change_sign_in_address(user=resident, email="nouvelle@courriel.example", current_key=None)
    sql("DELETE FROM account_emailaddress WHERE user_id = %s", resident.pk)
    put_back(copy)
    assert not is_in(signs_in_by_code(former))


def test_a_former_password_put_back_does_not_sign_in(resident: User) -> None:
    accounts.set_password(user=resident, password="ancien-mot-de-passe-volé", current_key=None)
    copy = kept("accounts_user")
    accounts.set_password(user=resident, password="nouveau-mot-de-passe-sûr", current_key=None)
    put_back(copy)
    client = Client()
    client.post(reverse("sign_in_with_password"), {"login": resident.email, "password": "ancien-mot-de-passe-volé"})
    assert not is_in(client)


def test_a_removed_passkey_put_back_does_not_sign_in(resident: User) -> None:
    key, _page = add_passkey(resident)
    copy = kept(*FACTORS)
    accounts.forget_second_factor(user=resident)
    put_back(copy)
    client = browser()
    sign_in_with(client, key)
    assert not is_in(client)


def test_a_former_second_factor_put_back_is_not_taken() -> None:
    agent = AgentFactory()
    copy = kept(*FACTORS)
    accounts.forget_second_factor(user=agent)
    put_back(copy)
    client = signed_in(agent, second_factor=False)
    client.post(reverse("mfa_reauthenticate"), {"code": code_now()})
    assert client.get(reverse("admin:index")).status_code != 200


def test_without_their_second_factor_nobody_signs_in(resident: User) -> None:
    add_passkey(resident)
    sql("DELETE FROM mfa_authenticator WHERE user_id = %s", resident.pk)
    assert not is_in(signs_in_by_code(resident.email))


def test_a_removed_identity_put_back_does_not_sign_in(resident: User) -> None:
    identities.link(user=resident, identity=Identity("franceconnect", "une", "eidas1"))
    copy = kept("socialaccount_socialaccount", "core_rowmac")
    identities.unlink(user=resident, provider="franceconnect", current_key=None)
    put_back(copy)
    assert identities.holder_of(Identity("franceconnect", "une", "eidas1")) == resident
    assert signed_in(resident).get(reverse("account")).status_code != 200


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("is_superuser", "admin:accounts_user_changelist"),
        ("is_dpo", "admin:journal_contest_changelist"),
        ("at_desk", "sharing:desk"),
    ],
)
def test_a_role_that_ended_and_is_put_back_gives_no_right(role: str, page: str) -> None:
    agent = AgentFactory()
    setattr(agent, role, True)
    agent.save(update_fields=[role])
    assert acts(agent, page)
    copy = kept("accounts_user")
    setattr(agent, role, False)
    agent.save(update_fields=[role])
    put_back(copy)
    assert not acts(agent, page)


def test_a_closed_agent_put_back_does_not_sign_in() -> None:
    boss, agent = AgentFactory(manages_agents=True), AgentFactory()
    copy = kept("accounts_user")
    accounts.close_agent(agent=agent, by=boss)
    put_back(copy)
    assert not acts(agent, "admin:index")


def test_a_role_put_back_during_a_session_ends_it() -> None:
    agent = AgentFactory(manages_agents=True)
    client = signed_in(agent)
    copy = kept("accounts_user")
    agent.is_superuser = False
    agent.save(update_fields=["is_superuser"])
    put_back(copy)
    assert client.get(reverse("admin:accounts_user_changelist")).status_code != 200


def test_a_companion_of_another_organisation_does_not_return_to_the_former() -> None:
    companion = CompanionFactory()
    copy = kept("accounts_membership", "accounts_user")
    places.end(place=Membership.objects.get(person=companion))
    places.add_companion(
        email=companion.email, name=companion.name, organisation=Organisation.objects.create(name="Mission locale")
    )
    for statement in ("DELETE FROM accounts_membership", "UPDATE accounts_membership SET ended_at = NULL"):
        with pytest.raises(DatabaseError), transaction.atomic():
            sql(statement)
    put_back(copy)
    [place] = Membership.objects.current().filter(person=companion)
    assert place.organisation.name == "Mission locale"


def test_a_used_invitation_put_back_links_no_other_identity() -> None:
    agent = AgentFactory(email="agent@villebrume.example")
    token = identities.invite(agent=agent, by=AgentFactory(manages_agents=True))
    copy = kept("accounts_invitation")
    claims = {"email": agent.email}
    identities.accept_invitation(token=token, identity=Identity("proconnect", "une", "eidas1", claims=claims))
    sql("DELETE FROM socialaccount_socialaccount WHERE user_id = %s", agent.pk)
    put_back(copy)
    with pytest.raises(Forged):
        identities.accept_invitation(token=token, identity=Identity("proconnect", "autre", "eidas1", claims=claims))


def test_a_claimed_sheet_put_back_is_not_claimed_again() -> None:
    desk = AgentFactory(at_desk=True)
    person = sheets.open_vault_with(name="Rose", by=desk)
    _sheet, code = sheets.print_sheet(person=person, by=desk)
    copy = kept("accounts_sheet", "accounts_user")
    sheets.claim(code_hash=sheets.hashed(code), email="rose@courriel.example")
    put_back(copy)
    with pytest.raises(Forged):
        sheets.claim(code_hash=sheets.hashed(code), email="voleur@courriel.example")
    with pytest.raises(Forged):
        sheets.find(sheets.hashed(code))


def test_a_change_of_the_portal_makes_nothing_that_was_put_back_genuine(resident: User) -> None:
    add_passkey(resident)
    former, copy = resident.email, kept(*ADDRESSES)
    accounts.change_sign_in_address(user=resident, email="nouvelle@courriel.example", current_key=None)
    sql("DELETE FROM account_emailaddress WHERE user_id = %s", resident.pk)
    put_back(copy)
    with pytest.raises(Forged):
        accounts.change_name(user=User.objects.get(pk=resident.pk), name="Awa D.")
    accounts.forget_second_factor(user=resident)
    assert not is_in(signs_in_by_code(former))


def test_a_second_factor_made_another_kind_of_row_does_not_let_in_without_it(resident: User) -> None:
    TOTP.activate(resident, TOTP_SECRET)
    sql("UPDATE mfa_authenticator SET type = 'recovery_codes' WHERE user_id = %s", resident.pk)
    assert not is_in(signs_in_by_code(resident.email))


def test_an_account_is_loaded_and_checked_in_one_query(
    resident: User, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    with django_assert_num_queries(1):
        assert AuthenticationBackend().get_user(resident.pk) == resident


def test_a_change_is_one_leaf_and_no_change_is_none(resident: User) -> None:
    def leaves() -> int:
        with scopes_disabled():
            return JournalLeaf.objects.filter(resident_id=rows.accounts.chain_of(resident.pk)).count()

    before = leaves()
    accounts.change_name(user=resident, name="Awa D.")
    assert leaves() == before + 1
    accounts.change_name(user=resident, name="Awa D.")
    resident.save()
    assert leaves() == before + 1


def test_the_chain_of_an_account_is_under_an_id_that_names_nobody(resident: User, stranger: User) -> None:
    chains = {rows.accounts.chain_of(one.pk) for one in (resident, stranger)}
    assert len(chains) == 2 and all(one.version == 8 for one in chains)
    assert not chains & {resident.pk, stranger.pk} and resident.pk.version == 4
    call_command("verify_journal")


def test_a_leaf_put_under_another_number_is_no_head(resident: User) -> None:
    mine = rows.accounts.chain_of(resident.pk)
    sql(
        "INSERT INTO core_journalleaf (resident_id, number, at, leaf, chain)"
        " SELECT %s, number + 1, at, leaf, sha256('\\x01'::bytea || chain || leaf)"
        " FROM core_journalleaf WHERE resident_id = %s ORDER BY number DESC LIMIT 1",
        mine,
        mine,
    )
    assert signed_in(resident).get(reverse("account")).status_code != 200
    with pytest.raises(CommandError, match=f"Account {resident.pk}: a row of it was put back"):
        call_command("verify_journal")


def test_what_is_refused_is_journalled_alerts_and_is_named(resident: User, caplog: pytest.LogCaptureFixture) -> None:
    copy = kept("accounts_user")
    accounts.set_password(user=resident, password="nouveau-mot-de-passe-sûr", current_key=None)
    put_back(copy)
    assert signed_in(resident).get(reverse("account")).status_code != 200
    assert "row_refused" in [entry.event for entry in journal.entries(resident_id=resident.pk, limit=3)]
    assert any("not what the portal wrote" in record.message for record in caplog.records)
    for command in (["rows", "check"], ["verify_journal"]):
        with pytest.raises(CommandError, match=f"ccount {resident.pk}: a row of it was put back"):
            call_command(*command)


def cut_chain(databases: Any, account: User, *, after: int) -> None:
    """Delete the end of an account's chain, as only the database's administrator can."""
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        owner.execute("ALTER TABLE core_journalleaf DISABLE TRIGGER USER")
        owner.execute(
            "DELETE FROM core_journalleaf WHERE resident_id = %s AND number > %s",
            [rows.accounts.chain_of(account.pk), after],
        )
        owner.execute("ALTER TABLE core_journalleaf ENABLE TRIGGER USER")


@pytest.mark.django_db(transaction=True)
def test_an_account_without_its_head_is_refused(resident: User, databases: Any) -> None:
    assert signed_in(resident).get(reverse("account")).status_code == 200
    cut_chain(databases, resident, after=0)
    assert signed_in(resident).get(reverse("account")).status_code != 200


@pytest.mark.usefixtures("may_sign")
@pytest.mark.django_db(transaction=True)
def test_an_account_from_before_heads_is_believed_until_its_head_is_made(resident: User, databases: Any) -> None:
    cut_chain(databases, resident, after=0)
    protected = CityKey.objects.get().protected
    former = protect.protect(f"{rows.city_key().hex()} {rows.HEADED}", purpose=rows.PURPOSE)
    assert rows.KEEPER.replace(1, protected, former) == 1
    assert signed_in(resident).get(reverse("account")).status_code == 200
    call_command("rows", "sign")
    assert signed_in(resident).get(reverse("account")).status_code == 200
    call_command("rows", "check")
    cut_chain(databases, resident, after=0)
    call_command("rows", "sign")
    assert signed_in(resident).get(reverse("account")).status_code != 200
    call_command("rows", "sign", again=True)
    assert signed_in(resident).get(reverse("account")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_account_and_head_put_back_together_are_found_by_the_checkpoints(
    resident: User,
    databases: Any,
    outside: Any,  # noqa: F811 - the fixture
) -> None:
    former, copy = resident.email, kept(*ADDRESSES)
    with scopes_disabled():
        last = JournalLeaf.objects.filter(resident_id=rows.accounts.chain_of(resident.pk)).count()
    accounts.change_sign_in_address(user=resident, email="nouvelle@courriel.example", current_key=None)
    sql("DELETE FROM account_emailaddress WHERE user_id = %s", resident.pk)
    checkpoints.seal()
    put_back(copy)
    cut_chain(databases, resident, after=last)
    assert is_in(signs_in_by_code(former)), "nothing inside the database shows it"
    with pytest.raises(CommandError, match="sealed it"):
        call_command("verify_journal")
