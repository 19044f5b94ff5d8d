"""Whoever writes to the database, as the portal's own role but without the keyring, speaks for nobody.

What residents are told of the city, its offices and those who hold data about them is believed as much as a right: an
address to write to, a telephone to call, a name to trust. Each attack writes by SQL, then looks at the pages.
"""

from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import Organisation, User
from certification.labels.models import HolderContact, Message
from core import rows
from core.models import City, HelpPage, LegalPage
from core.rows import Forged
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.certification.made import filled, member, publisher, service
from tests.vault.at_desk import keeper
from tests.vault.at_desk import opened as opened_at_desk
from tests.vault.couples import couple, granted
from tests.vault.entrusted import entrusted, help_of
from tests.vault.made import add_signed_notice
from tests.vault.urgent import offered
from tests.vault.urgent import opened as opened_urgently
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder, PaperKind
from vault.sharing.models import DeskVisit, EmergencyAccess, HelpRequest, Mandate, Member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def town(db: None) -> None:
    City.objects.create(
        name="Villebrume",
        of_name="de Villebrume",
        insee="00042",
        phone="01 23 45 67 89",
        exit_url="https://meteo.example/",
    )
    paper_kinds.load()
    holder_catalogue.load()


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web", "the attacker has the portal's own role"
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "the attack reached nothing"
    holder_catalogue.forget_names()


def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("column", ["name", "phone", "email", "dpo_email", "address", "host", "brand"])
def test_no_page_shows_a_city_that_somebody_else_wrote(column: str) -> None:
    sql(f"UPDATE core_city SET {column} = '08 99'")
    for name in ("home", "help", "legal", "theme", "account_login"):
        page = browser().get(reverse(name))
        assert page.status_code == 503 and "08 99" not in page.content.decode()


def test_pages_that_are_not_found_say_nothing_of_that_city_either() -> None:
    sql("UPDATE core_city SET phone = '08 99 99 99 99'")
    page = browser().get("/nulle-part/")
    assert page.status_code == 503 and "08 99" not in page.content.decode()
    answer = browser().get("/api/v1/nowhere")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found" and "08 99" not in answer.content.decode()


def test_who_leaves_quickly_is_sent_to_the_usual_page() -> None:
    sql("UPDATE core_city SET exit_url = 'http://voleur.example/'")
    assert browser().get(reverse("leave_quickly"))["Location"] == settings.EXIT_URL


def test_legal_and_help_pages_are_the_citys() -> None:
    LegalPage.objects.create(slug=LegalPage.Slug.PRIVACY, text="Nos mots.")
    HelpPage.objects.create(slug="piscine", theme="debut", question="La piscine ?", text="Oui.")
    assert browser().get(reverse("privacy")).status_code == 200
    sql("UPDATE core_legalpage SET text = 'Envoyez votre code à voleur.example'")
    assert browser().get(reverse("privacy")).status_code == 503
    sql("UPDATE core_helppage SET text = 'Envoyez votre code à voleur.example'")
    assert browser().get(reverse("help")).status_code == 503
    assert browser().get(reverse("help_question", args=["piscine"])).status_code == 503


def test_a_request_for_data_goes_to_the_holders_own_address(resident: User) -> None:
    sql("UPDATE records_holder SET email = 'voleur@courriel.example', channels = '[\"dpo_email\"]' WHERE code = 'caf'")
    client = signed_in(resident)
    for name in ("holders:holder", "holders:start_request"):
        page = client.get(reverse(name, args=["caf"]))
        assert page.status_code == 503 and "voleur" not in page.content.decode()


def test_a_value_is_not_said_to_come_from_another_holder(resident: User) -> None:
    add_signed_notice(resident)
    sql("UPDATE records_holder SET short_fr = 'Votre banque', short_en = 'Votre banque'")
    page = signed_in(resident).get(reverse("records:of_type", args=["fiscal.avis_ir"]))
    assert page.status_code == 503 and "banque" not in page.content.decode()


@pytest.mark.parametrize("column", ["sensitive = false", "label_fr = 'Un papier sans danger'", "withdrawn_at = NULL"])
def test_a_kind_of_paper_is_the_citys(column: str) -> None:
    PaperKind.objects.filter(code="cni").update(sensitive=True)
    sql(f"UPDATE records_paperkind SET {column}, validity_months = 900 WHERE code = 'cni'")
    with pytest.raises(Forged):
        list(PaperKind.objects.all())


@pytest.mark.parametrize("column", ["name", "address", "phone", "helps_with"])
def test_an_office_is_the_one_that_the_city_named(column: str, resident: User) -> None:
    office = Organisation.objects.create(
        name="CCAS", address="3 place du Lavoir", phone="04 65 71 20 18", answers_help=True
    )
    sql(f"UPDATE accounts_organisation SET {column} = '08 99 99 99 99'")
    page = signed_in(resident).get(reverse("sharing:ask_help", args=[office.pk]))
    assert page.status_code == 503


def test_letters_to_a_resident_go_to_their_own_address(resident: User) -> None:
    client = signed_in(resident)
    sql("UPDATE accounts_user SET contact_email = 'voleur@courriel.example' WHERE id = %s", resident.pk)
    page = client.get(reverse("account"))
    assert "voleur" not in page.content.decode()
    with pytest.raises(Forged):
        User.objects.get(pk=resident.pk)


def test_what_a_publisher_and_the_city_wrote_to_each_other_is_theirs() -> None:
    house = publisher()
    owner = member(house)
    Message.objects.create(request=filled(owner, service(owner, house)), author=owner, from_city=False, text="Bonjour")
    sql("UPDATE labels_message SET from_city = true, text = 'Envoyez-nous vos clés'")
    with pytest.raises(Forged):
        Message.objects.get()


def test_a_holder_is_told_at_the_address_that_the_city_has() -> None:
    HolderContact.objects.create(holder=Holder.objects.get(code="caf"), email="donnees@caf.example")
    sql("UPDATE labels_holdercontact SET email = 'voleur@courriel.example'")
    with pytest.raises(Forged):
        HolderContact.objects.get()
    assert not mail.outbox


def test_a_sealed_name_that_somebody_else_wrote_is_shown_to_nobody(resident: User) -> None:
    granted(resident, "fiscal.avis_ir#/nombre_parts")
    client = signed_in(resident)
    assert client.get(reverse("sharing:shares")).status_code == 200
    sql("UPDATE records_grant SET recipient_name = 'x'::bytea")
    assert client.get(reverse("sharing:shares")).status_code == 503


NAMED = {
    "a member of a household": ("sharing_member", "name", Member),
    "a resident who gave a mandate": ("sharing_mandate", "name", Mandate),
    "a resident at the desk": ("sharing_deskvisit", "name", DeskVisit),
    "an organisation that was asked for help": ("sharing_helprequest", "organisation_name", HelpRequest),
}


@pytest.mark.parametrize("whom", NAMED)
def test_nobody_is_shown_under_another_name(whom: str, resident: User, stranger: User) -> None:
    table, column, model = NAMED[whom]
    couple(resident, stranger)
    entrusted(resident, CompanionFactory())
    agent = keeper()
    opened_at_desk(agent, signed_in(agent))
    help_of(resident)
    sql(f"UPDATE {table} SET {column} = 'Quelqu’un d’autre'")
    with scopes_disabled():
        for row in model._base_manager.all():
            with pytest.raises(Forged):
                rows.check(row)


def test_urgent_access_says_which_agents_asked_and_decided(resident: User) -> None:
    offered()
    opened_urgently(AgentFactory(), AgentFactory(), resident)
    sql("UPDATE sharing_emergencyaccess SET asked_by_name = 'Quelqu’un d’autre', decided_by_name = 'Personne'")
    with scopes_disabled(), pytest.raises(Forged):
        EmergencyAccess.objects.first()


def test_a_date_that_python_cannot_hold_is_a_refusal_too() -> None:
    sql("UPDATE core_city SET emergency_changed_at = 'infinity'")
    for name in ("home", "promise"):
        assert browser().get(reverse(name)).status_code == 503
