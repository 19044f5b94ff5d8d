"""The public sandbox's cases, beside the repository: each gives its known values."""

import io
from pathlib import Path
from typing import Any

import pytest

from vault import readers, types
from vault.readers import Ask, Reading, Unreadable, sentences
from vault.types import envelope

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "samples" / "api_particulier"
RSA, PRIME = "/v3/dss/revenu_solidarite_active/identite", "/v3/dss/prime_activite/identite"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared samples are not beside this repository")


def read(name: str, endpoint: str = "") -> Reading:
    reading = readers.read(
        io.BytesIO((FOLDER / name).read_bytes()), trust_test_authority=False, ask=Ask(endpoint=endpoint)
    )
    for record in reading.records:
        envelope.validate(record)
        assert types.validate(record["type"], record["payload"]) == []
    return reading


def payloads(reading: Reading) -> dict[str, dict[str, Any]]:
    return {record["type"]: record["payload"] for record in reading.records}


def facts(reading: Reading) -> dict[str, str]:
    return {fact.code: fact.value for fact in reading.facts}


@pytest.mark.parametrize(
    ("name", "provider", "value", "month", "computed", "adults", "children"),
    [
        (
            "qf_msa_150_couple_2enfants_2023-05.yaml",
            "MSA",
            150,
            (2023, 5),
            (2024, 12),
            2,
            ["2006-04-20", "2004-04-20"],
        ),
        ("qf_cnaf_2550_seul.yaml", "CNAF", 2550, (2023, 6), (2024, 12), 1, []),
        (
            "qf_fc_naissance_inconnue.yml",
            "CNAF",
            2550,
            (2024, 2),
            (2024, 12),
            2,
            ["2015-07-10", "2012-09-09", "2020-00-00"],
        ),
        ("v2_composition_familiale.yaml", "CNAF", 1234, (2022, 7), (None, None), 2, ["2010-01-01", "2012-02-01"]),
        ("ds_v2_composition_familiale.json", "CNAF", 1856, (2021, 6), (None, None), 2, ["2018-01-04"]),
    ],
)
def test_a_quotient_and_its_household(
    name: str,
    provider: str,
    value: int,
    month: tuple[int, int],
    computed: tuple[int | None, ...],
    adults: int,
    children: list[str],
) -> None:
    found = payloads(read(name))
    quotient, home = found["social.quotient_familial"], found["foyer.composition"]
    assert (quotient["fournisseur"], quotient["valeur"]) == (provider, value)
    assert (quotient["annee"], quotient["mois"]) == month
    assert (quotient.get("annee_calcul"), quotient.get("mois_calcul")) == computed
    assert len(home["allocataires"]) == adults
    assert [child["date_naissance"] for child in home["enfants"]] == children


def test_the_birth_of_unknown_day_is_in_nantes() -> None:
    reading = read("qf_fc_naissance_inconnue.yml")
    address = payloads(reading)["foyer.composition"]["adresse"]
    assert (address["code_postal"], address["commune"]) == ("44109", "NANTES")
    assert reading.warnings == [sentences.PARTIAL_DATE]


def test_no_file_about_someone() -> None:
    reading = read("qf_404.yaml")
    assert reading.records == []
    assert [(check.code, check.outcome) for check in reading.checks] == [("holder_answer", "inconclusive")]


def test_a_person_registered_without_an_end() -> None:
    payload = payloads(read("ft_statut_inscrit.yaml"))["emploi.inscription_ft"]
    assert payload["date_debut"] == "2020-01-01" and "date_fin" not in payload
    assert (payload["categorie_code"], payload["code_certification_cnav"]) == (1, "VC")


def test_a_person_who_left_france_travail() -> None:
    payload = payloads(read("ds_v2_situation_pole_emploi.json"))["emploi.inscription_ft"]
    assert (payload["date_debut"], payload["date_fin"], payload["categorie_code"]) == ("1965-05-03", "1966-05-03", 1)


def test_two_payments() -> None:
    reading = read("ft_indemnites.yaml")
    paid = [(one["payload"]["date_versement"], one["payload"]["montant_total"]) for one in reading.records]
    assert paid == [("2021-01-01", "123.40"), ("2021-02-01", "345.10")]
    assert facts(reading) == {"payments": "2", "total": "468.50"}


def test_a_grant() -> None:
    payload = payloads(read("cnous_v4_boursier.yaml"))["etudes.bourse"]
    assert payload["est_boursier"] is True and payload["echelon"] == "4"
    assert (payload["date_rentree"], payload["duree_mois"], payload["ville"]) == ("2023-09-01", 10, "Toulouse")


def test_a_student_whose_year_ends_on_a_day_that_does_not_exist() -> None:
    reading = read("mesri_statut_etudiant.yaml")
    assert facts(reading) == {"person": "Dupont Jean", "admissions": "1"}
    assert reading.records[0]["payload"]["date_fin"] == "2021-06-30"


def test_an_older_student_s_answer() -> None:
    found = [one["payload"] for one in read("ds_v2_etudiants.json").records]
    assert [(one["date_debut"], one["est_inscrit"], one["uai"]) for one in found] == [
        ("2021-09-01", False, "0751722P"),
        ("2022-09-01", True, "0751722P"),
    ]


def test_a_health_cover_shared() -> None:
    payload = payloads(read("c2s_avec_participation.yaml"))["sante.c2s"]
    assert payload == {"est_beneficiaire": True, "avec_participation": True, "date_debut_droit": "2023-06-01"}


@pytest.mark.parametrize(
    ("name", "endpoint", "benefit", "raised"),
    [("rsa_majore.yaml", RSA, "rsa", True), ("prime_activite.yaml", PRIME, "prime_activite", False)],
)
def test_a_benefit_that_only_its_path_names(name: str, endpoint: str, benefit: str, raised: bool) -> None:
    payload = payloads(read(name, endpoint))["social.prestation"]
    assert payload == {
        "prestation": benefit,
        "est_beneficiaire": True,
        "avec_majoration": raised,
        "date_debut_droit": "1992-11-20",
    }
    with pytest.raises(Unreadable):
        read(name)


def test_a_day_nursery() -> None:
    reading = read("eaje.yaml")
    home = payloads(reading)["foyer.composition"]
    assert (len(home["allocataires"]), len(home["enfants"])) == (1, 1)
    assert facts(reading) == {"children_in_charge": "1", "yearly_income": "40923", "year": "2023"}


def test_a_pupil() -> None:
    reading = read("men_scolarite_v3.yaml")
    payload = payloads(reading)["scolarite.eleve"]
    assert (payload["annee_scolaire"], payload["est_scolarise"]) == ("2022-2023", True)
    assert facts(reading)["course"] == "1CAP1 STAFFEUR ORNEMANISTE"


def test_an_electric_car() -> None:
    reading = read("ants_vehicule_electrique.yaml")
    payload = payloads(reading)["mobilite.vehicule"]
    assert [payload[name] for name in ("genre", "categorie", "energie_code", "co2_g_km", "statut")] == [
        "VP",
        "M1",
        "EL",
        0,
        "titulaire",
    ]
    assert payload["date_premiere_immatriculation"] == "2021-01-01"
    assert (payload["immatriculation_masquee"], facts(reading)["plate"]) == ("TM-***-KB", "TM-003-KB")


def test_the_description_of_the_api_is_no_answer() -> None:
    with pytest.raises(Unreadable) as refusal:
        read("openapi_api_particulier_v3.yaml")
    assert refusal.value.code == "unknown_data"
