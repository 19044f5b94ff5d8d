"""Claiming a vault at home with the printed sheet: its code, a verified address, and only once."""

from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import perms
from accounts.actions import identities, sheet_closing, sheets
from accounts.actions.accounts import AddressTaken
from accounts.models import Sheet, User
from accounts.sign_in.openid import Identity
from core import journal
from tests.accounts.factories import TOTP_SECRET, ResidentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.accounts.test_passkeys import add as add_passkey
from tests.at_once import at_once
from tests.vault.at_desk import keeper

pytestmark = pytest.mark.django_db
ROSA = "rosa@courriel.example"


@pytest.fixture(autouse=True)
def no_counts():
    cache.clear()


@pytest.fixture
def agathe() -> User:
    return keeper()


@pytest.fixture
def rosa(agathe) -> User:
    return sheets.open_vault_with(name="Rosa Delmas", by=agathe)


@pytest.fixture
def awa(db) -> User:
    """A resident who signs in by FranceConnect, and by nothing else."""
    identity = Identity("franceconnect", "une", "eidas1")
    return identities.open_vault_with(identity=identity, name="Awa Diallo", contact_email="")


@pytest.fixture
def code(rosa, agathe) -> str:
    return sheets.print_sheet(person=rosa, by=agathe)[1]


def ask(browser, code, email=ROSA):
    return browser.post(reverse("claim"), {"sheet": code, "email": email})


def answer(browser, digits):
    return browser.post(reverse("confirm_claim"), {"code": digits}, follow=True)


def test_the_sheet_and_an_address_open_the_vault(rosa, code, client):
    assert ask(client, f" {code.lower()} ")["Location"] == reverse("confirm_claim")
    assert mail.outbox[-1].to == [ROSA]
    page = answer(client, sent_code())
    assert page.wsgi_request.user == rosa and "maintenant avec votre adresse" in page.content.decode()
    rosa.refresh_from_db()
    assert rosa.email == ROSA and rosa.closes_at is None
    line = journal.entries(resident_id=rosa.pk, limit=1)[0]
    assert (line.event, line.actor_id) == ("vault_claimed", rosa.pk)


def test_nothing_changes_until_the_address_is_verified(rosa, code, client):
    ask(client, code)
    assert "pas le bon code" in answer(client, "000000" if sent_code() != "000000" else "111111").content.decode()
    rosa.refresh_from_db()
    assert not rosa.email and sheets.find(sheets.hashed(code))


def test_a_sheet_is_valid_once(rosa, code, client):
    ask(client, code)
    answer(client, sent_code())
    other = Client()
    assert "n’ouvre rien" in ask(other, code, "autre@courriel.example").content.decode()
    assert other.get(reverse("confirm_claim"))["Location"] == reverse("claim")


@pytest.mark.django_db(transaction=True)
def test_only_one_of_two_concurrent_claims_succeeds(rosa, code):
    results: list[User | None] = []

    def claim():
        try:
            results.append(sheets.claim(code_hash=sheets.hashed(code), email=f"rosa{len(results)}@courriel.example"))
        except sheets.NoSheet:
            results.append(None)

    at_once(claim, times=3)
    assert len([one for one in results if one]) == 1


def test_a_sheet_replaced_meanwhile_is_refused(rosa, agathe, code, client):
    ask(client, code)
    digits = sent_code()
    sheets.print_sheet(person=rosa, by=agathe)
    assert "ne sert plus" in answer(client, digits).content.decode()
    rosa.refresh_from_db()
    assert not rosa.email


def test_expiry_is_checked_at_the_claim(rosa, code, client, time_machine):
    time_machine.move_to(Sheet.objects.get().expires_at - timedelta(minutes=1), tick=False)
    ask(client, code)
    time_machine.move_to(timezone.now() + timedelta(minutes=2), tick=False)
    assert "ne sert plus" in answer(client, sent_code()).content.decode()
    rosa.refresh_from_db()
    assert not rosa.email


def test_an_address_of_another_vault_is_revealed_only_after_its_code(rosa, code, client):
    ResidentFactory(email=ROSA)
    assert ask(client, code).status_code == 302, "nobody learns it by asking"
    assert "ouvre déjà un coffre" in answer(client, sent_code()).content.decode()
    with pytest.raises(AddressTaken):
        sheets.claim(code_hash=sheets.hashed(code), email=ROSA)
    rosa.refresh_from_db()
    assert not rosa.email and sheets.find(sheets.hashed(code)), "the sheet still serves, with another address"


def test_a_wrong_code_sends_nothing_and_tries_are_limited(rosa, code, client):
    tries = [ask(client, "AAAA-BBBB-CCCC").status_code for _ in range(21)]
    assert set(tries[:20]) == {400} and tries[20] == 429 and not mail.outbox


def test_a_signed_in_user_cannot_claim(rosa, code):
    assert signed_in(ResidentFactory()).get(reverse("claim"))["Location"] == "/"


def test_the_sheets_code_is_in_no_table_and_no_session(rosa, code, client):
    ask(client, code)
    assert Sheet.objects.get().code_hash == sheets.hashed(code)
    assert code not in str(dict(client.session))


def test_the_sign_in_page_links_to_it(client):
    assert reverse("claim") in client.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("way_in", ["address", "identity", "passkey", "second factor"])
def test_whoever_has_one_way_in_can_sign_in(rosa, way_in):
    assert not perms.can_sign_in(rosa)
    if way_in == "address":
        rosa.email = ROSA
        rosa.save(update_fields=["email"])
    elif way_in == "identity":
        identities.link(user=rosa, identity=Identity("franceconnect", "une", "eidas1"))
    elif way_in == "passkey":
        add_passkey(rosa)
    else:
        TOTP.activate(rosa, TOTP_SECRET)
    assert perms.can_sign_in(rosa)


def test_no_sheet_and_no_closing_at_the_desk_for_who_signs_in_by_franceconnect(awa, agathe):
    for verb in (sheets.print_sheet, sheet_closing.ask, sheet_closing.confirm, sheet_closing.cancel):
        with pytest.raises(PermissionDenied):
            verb(person=awa, by=agathe)
    awa.refresh_from_db()
    assert awa.closes_at is None and not Sheet.objects.exists()


def test_a_sheet_printed_for_who_signs_in_by_franceconnect_opens_nothing(awa, client):
    until = timezone.now() + sheets.LASTS
    Sheet.objects.create(person=awa, number=1, code_hash=sheets.hashed("AAAA-BBBB-CCCC"), expires_at=until)
    assert "n’ouvre rien" in ask(client, "AAAA-BBBB-CCCC").content.decode()
    for verb in (sheets.find_locked, lambda code_hash: sheets.claim(code_hash=code_hash, email=ROSA)):
        with pytest.raises(sheets.NoSheet), transaction.atomic():
            verb(sheets.hashed("AAAA-BBBB-CCCC"))
    awa.refresh_from_db()
    assert not awa.email
