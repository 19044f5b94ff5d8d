"""What the city or a resident closed stays closed, though whoever writes as the portal's role makes it look open."""

from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions import accounts, pending, sheets
from accounts.models import Nomination, Organisation
from accounts.two_persons import ACTS, find_account_makers
from core import rows
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from core.rows import Forged
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.attacks.insider import town  # noqa: F401 - a fixture
from tests.attacks.test_insider_behind_accounts import offered
from tests.attacks.test_rows_put_back import sql
from tests.certification.access.conftest import browser, developer, registered, session, tenant  # noqa: F401
from tests.certification.access.program import called, connected
from tests.certification.conftest import house, label, one, owner  # noqa: F401 - fixtures
from tests.certification.made import PARTS
from tests.telling import tells
from tests.vault.at_desk import come_back, opened, sheet_of
from tests.vault.at_desk import owner as owner_of
from tests.vault.conftest import kinds  # noqa: F401 - a fixture
from tests.vault.entrusted import entrusted, place_at
from tests.vault.made import HOME, add
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.terms import Terms
from vault.sharing.across import mandates
from vault.sharing.actions import desk

#: Of the test: nothing was tried.
MISTAKES = (psycopg.errors.SyntaxError, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


def written(statement, *values):
    """Write as the portal's role. The database may refuse; a mistake of the test is raised."""
    try:
        with transaction.atomic():
            sql(statement, *values)
    except DatabaseError as error:
        if isinstance(error.__cause__, MISTAKES):
            raise


# 1. What the city closed reads on


def test_a_publisher_that_the_city_closed_reads_nothing_though_it_looks_open(session, browser, label, house, tenant):  # noqa: F811
    token = connected(session, browser, items=[PARTS])["access_token"]
    fields = "/api/v1/me/fields"
    assert called(token, fields).status_code == 200
    house.is_active = False
    house.save()
    assert called(token, fields).status_code == 403
    written("UPDATE accounts_publisher SET is_active = true")
    assert called(token, fields).status_code != 200, called(token, fields).content[:300]


def test_a_companion_of_an_organisation_that_the_city_closed_reads_nothing_though_it_looks_open(resident):
    add(resident, "logement.domicile", HOME)
    companion = CompanionFactory(name="Théo Lassalle", organisation="Un Toit")
    mandate = entrusted(resident, companion, "home", months=1)
    house, client = place_at(companion).organisation, signed_in(companion)  # noqa: F811
    page = reverse("sharing:accompanied_values", args=[mandate.pk, "home"])
    assert "612" in client.get(page).content.decode()
    house.is_active = False
    house.save()
    assert client.get(page).status_code == 404
    written("UPDATE accounts_organisation SET is_active = true")
    answer = client.get(page)
    assert answer.status_code != 200 and not tells(answer.content.decode(), "612")


# 2. A visit goes on after the claim


@pytest.mark.parametrize("hiding", ["created_at", "claimed_at"])
def test_a_visit_is_over_once_the_vault_is_claimed_though_the_claim_is_hidden(hiding):
    """`created_at` of a visit is under no MAC (config/tables.py: an order), and decides here."""
    agent = AgentFactory(name="Agathe", at_desk=True)
    client = signed_in(agent)
    code = sheet_of(opened(agent, client), agent)
    visit = come_back(agent, client, code, "home")
    rosa = owner_of(visit)
    sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    add(rosa, "logement.domicile", HOME)  # typed at home, afterwards
    page = reverse("sharing:desk_values", args=[visit.pk, "home"])
    assert client.get(page).status_code == 404
    [(then,)] = sql("SELECT claimed_at FROM accounts_sheet")
    if hiding == "created_at":
        written("UPDATE sharing_deskvisit SET created_at = %s", timezone.now() + timedelta(hours=2))
    else:
        written("UPDATE accounts_sheet SET claimed_at = NULL")
    answer = client.get(page)
    written("UPDATE accounts_sheet SET claimed_at = %s", then)
    rows.accounts.check(rosa.pk)  # nothing is left to notice
    assert answer.status_code != 200 and not tells(answer.content.decode(), "612")


# 3. Who offered an account


def test_who_offered_an_account_is_known_though_its_address_changed_and_its_row_was_moved(mailoutbox, client):
    manager = AgentFactory(name="Agathe", manages_agents=True, at_desk=True)
    house = Organisation.objects.create(name="Un Toit")  # noqa: F811
    mine = offered(manager, "admin:accounts_membership_add", mailoutbox, client, organisation=house.pk)
    accounts.change_sign_in_address(user=mine, email="autre@ailleurs.example", current_key=None)
    assert manager in find_account_makers(mine)
    written("UPDATE accounts_pendingaccount SET account_id = %s", manager.pk)
    visit = opened(manager, signed_in(manager))
    with sealed_storage.create(resident_id=visit.resident_id) as sealed:
        sealed.write(b"any file")
    upload = SealedUpload(name="mandat.pdf", content_type="application/pdf", sealed=sealed)
    terms = Terms(["home"], Mode.LOOK, 12, channel=GrantChannel.DESK)
    place = mine.memberships.get().pk
    with suppress(PermissionDenied, Forged):
        desk.sign_on_paper(
            visit=visit, agent=manager, membership_id=place, terms=terms, allowed=[], upload=upload, keep=False
        )
    assert mandates.live(mine) == []


def test_an_offer_to_the_address_of_a_colleague_keeps_nobody_from_deciding():
    """One manager alone, by the page that adds an agent: two who saw each other may not decide together any more."""
    first, second = AgentFactory(manages_agents=True), AgentFactory(manages_agents=True)
    Nomination.objects.filter(person=first).update(seen_by=second)
    Nomination.objects.filter(person=second).update(seen_by=first)
    ACTS["city_setting"].require(first, second)
    pending.offer(email=second.email, name=second.name, by=first, link=str)
    ACTS["city_setting"].require(first, second)
