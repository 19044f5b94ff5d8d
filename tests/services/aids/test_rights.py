"""Rights without an amount stand beside amounts, and those that exclude each other say so."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from core.models import City
from services.aids import benefits, catalogue, shipping
from services.aids.household.from_json import read
from services.aids.local import checking
from services.aids.models import LocalAid
from services.aids.presenting.exclusions import exclusions
from tests.accounts.factories import signed_in
from tests.services.aids import people
from tests.services.aids.test_pages import text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.mark.parametrize("item", catalogue.national_rights(), ids=lambda item: item["code"])
def test_each_national_right_passes_its_cases_and_each_condition_decides_one(item: dict[str, Any]) -> None:
    assert checking.faults(item) == []


def test_exclusions_name_aids_of_the_page() -> None:
    known = {benefit.code for benefit in benefits.ALL} | {right["code"] for right in catalogue.national_rights()}
    assert {code for one in catalogue.exclusions() for code in one.codes} <= known
    local = {item["code"] for item in catalogue.local_aids()}
    assert {code for item in catalogue.local_aids() for code in item.get("excludes", ())} <= known | local


def student(user: User) -> None:
    people.identity(user, born="2005-03-02")
    people.put(
        user,
        "foyer.composition",
        {
            "allocataires": [
                {
                    "id": str(user.pk),
                    "nom_naissance": "NDIAYE",
                    "prenoms": "Inès",
                    "date_naissance": "2005-03-02",
                    "sexe": "F",
                }
            ],
            "enfants": [],
        },
        role="household",
    )
    situation = {"activite": "etudiant", "scolarite": "superieur", "nationalite": "FR", "vit_chez_parents": False}
    people.put(user, "foyer.situation", situation)
    address = {"cog": "00042", "commune": "Villebrume"}
    home = {"adresse": address, "statut_occupation": "locataire_vide", "loyer": "400.00"}
    people.put(user, "logement.domicile", home)
    for year in (2023, 2024):
        people.notice(user, year, rfr=2000, parts=1.0)


def test_a_student_reads_the_crous_room_and_social_housing_beside_the_amounts(
    resident: User, villebrume: City
) -> None:
    student(resident)
    client = signed_in(resident)
    page = text(client, "/aides/")
    due = page.split("vous pouvez demander")[1]
    assert "Droit ouvert Chambre en résidence du Crous" in due
    assert "Droit ouvert Logement social" in due
    why = text(client, "/aides/chambre-crous/pourquoi/")
    assert "Chambre en résidence du Crous : pourquoi vous y avez droit" in why
    assert "Article L631-12" in why and "Les règles et leurs exemples" not in why
    assert "Votre revenu fiscal, 2 000 €, est sous la limite" in text(client, "/aides/logement_social/pourquoi/")


@pytest.mark.parametrize(
    ("income", "status", "found"),
    [
        (10080, "tenant_private_furnished", "eligible"),
        (15000, "tenant_private_furnished", "unknown"),
        (90000, "tenant_private_furnished", "not_eligible"),
        (10080, "tenant_social", "not_eligible"),
    ],
)
def test_social_housing_compares_the_reference_income_and_the_home(income: int, status: str, found: str) -> None:
    case = people.single()
    case["tax_notices"] = [{"income_year": year, "rfr": income, "parts": 1} for year in (2023, 2024)]
    case["housing"]["status"] = status
    result = people.computed(read(case)).get("logement_social")
    assert result.status == found
    assert bool(result.explanation.failed) is (found == "not_eligible")
    assert any("faites-la" in reason.text for reason in result.explanation.open) is (found == "unknown")
    over = any("limite plus haute" in change for change in result.explanation.changes)
    assert over is (income == 90000), "who is over the lowest limit may ask all the same"


def test_aids_that_exclude_each_other_say_so_on_both_sides(awa: Client, resident: User) -> None:
    people.local_aids(["transport-moins-18", "transport-solidaire"])
    simulation = people.simulated(resident)
    notes = exclusions(simulation)
    if simulation.results.get("prime_activite").claimable:
        assert "prime_activite" not in notes, "nothing that excludes it is due"
    granted = {line.aid.code for line in simulation.local if line.is_granted}
    assert {"transport-moins-18", "transport-solidaire"} <= granted
    assert notes["transport-moins-18"] == ["Ne se cumule pas avec\u00a0: Abonnement de bus à tarif solidaire."]
    assert notes["transport-solidaire"] == ["Ne se cumule pas avec\u00a0: Bus gratuit pour les moins de 18 ans."]
    assert "Ne se cumule pas avec : Bus gratuit pour les moins de 18 ans." in text(awa, "/aides/")
    assert "Ce qui ne se cumule pas" in text(awa, "/aides/transport-solidaire/pourquoi/")


def test_a_national_exclusion_gives_its_law(awa: Client, resident: User) -> None:
    simulation = people.simulated(resident)
    for code in ("aah", "ass"):
        result = simulation.results.get(code)
        result.status, result.receiving = "eligible", False
    notes = exclusions(simulation)
    assert "Article L5423-7 du code du travail." in notes["aah"][0] and notes["ass"]


def test_national_rights_are_no_rows_of_the_city(awa: Client, resident: User) -> None:
    rights = shipping.national_rights()
    assert len(rights) == 3 and all(right.is_national for right in rights)
    assert not LocalAid.objects.filter(code__in=[right.code for right in rights]).exists()
    assert awa.get("/aides-locales/chambre-crous/").status_code == 404
    assert all(right.evaluate({}, date(2025, 11, 20)).status == "unknown" for right in rights)
