"""API Particulier's answers: the records of each one, and of masked, partial, old or empty answers."""

import copy
import io
from typing import Any

import pytest

from tests.fixtures import answers
from vault import readers, types
from vault.readers import Ask, Reading, Unreadable, sentences
from vault.readers.formats.api_particulier import services
from vault.types import envelope


def read(data: bytes, endpoint: str = "") -> Reading:
    return readers.read(io.BytesIO(data), trust_test_authority=False, ask=Ask(endpoint=endpoint))


def read_named(name: str) -> Reading:
    return read(answers.answer(name), answers.ENDPOINTS[name])


def changed(name: str, **changes: Any) -> Reading:
    """Read the answer with some fields changed; None removes a field, as a masked scope does."""
    data = {key: value for key, value in {**copy.deepcopy(answers.DATA[name]), **changes}.items() if value is not None}
    return read(answers.as_json({"data": data, "links": {}, "meta": {}}), answers.ENDPOINTS[name])


def payloads(reading: Reading) -> dict[str, dict[str, Any]]:
    return {record["type"]: record["payload"] for record in reading.records}


def facts(reading: Reading) -> dict[str, str]:
    return {fact.code: fact.value for fact in reading.facts}


def answered(reading: Reading) -> str:
    return {check.code: str(check.outcome) for check in reading.checks}["holder_answer"]


BECOMES = {
    "household": {
        "social.quotient_familial": answers.QUOTIENT,
        "foyer.composition": {
            "allocataires": [answers.AWA],
            "enfants": [{name: value for name, value in answers.CHILD.items() if value}],
            "adresse": {
                "voie": "12 BIS RUE DE L ETE",
                "complement": "APPT 4, LES TILLEULS",
                "code_postal": "01000",
                "commune": "BOURG EN BRESSE",
                "pays": "FRANCE",
            },
        },
    },
    "rsa": {
        "social.prestation": {
            "prestation": "rsa",
            "est_beneficiaire": True,
            "avec_majoration": True,
            "date_debut_droit": "2026-02-01",
        }
    },
    "prime": {
        "social.prestation": {
            "prestation": "prime_activite",
            "est_beneficiaire": True,
            "avec_majoration": False,
            "date_debut_droit": "2026-02-01",
        }
    },
    "aah": {"social.prestation": {"prestation": "aah", "est_beneficiaire": True, "date_debut_droit": "2024-05-01"}},
    "asf": {"social.prestation": {"prestation": "asf", "est_beneficiaire": False}},
    "aeeh": {"social.prestation": {"prestation": "aeeh", "est_beneficiaire": True, "date_debut_droit": "2024-05-01"}},
    "c2s": {"sante.c2s": {"est_beneficiaire": True, "avec_participation": False, "date_debut_droit": "2026-01-01"}},
    "statut": {
        "emploi.inscription_ft": {
            "date_debut": "2025-09-01",
            "categorie_code": 1,
            "categorie_libelle": "PERSONNE SANS EMPLOI",
            "code_certification_cnav": "VC",
        }
    },
    "bourse": {
        "etudes.bourse": {
            "est_boursier": True,
            "est_radie": False,
            "echelon": "0bis",
            "date_rentree": "2026-09-01",
            "duree_mois": 10,
            "ville": "La Rochelle",
            "etablissement": "La Rochelle Université",
        }
    },
    "bourse_v3": {
        "etudes.bourse": {"est_boursier": True, "echelon": "6", "date_rentree": "2026-09-01", "duree_mois": 10}
    },
    "eleve": {
        "scolarite.eleve": {
            "annee_scolaire": "2026-2027",
            "est_scolarise": True,
            "uai": "0170001Y",
            "code_mef": "10010012110",
            "est_boursier": False,
        }
    },
    "vehicule": {
        "mobilite.vehicule": {
            "immatriculation_masquee": "AB-***-CD",
            "date_premiere_immatriculation": "2021-01-01",
            "marque": "RENAULT",
            "modele": "ZOE",
            "categorie": "M1",
            "genre": "VP",
            "energie_code": "EL",
            "co2_g_km": 0,
            "statut": "cotitulaire",
        }
    },
}
HOLDERS = {
    "household": {"msa"},
    "household_v2": {"caf"},
    "c2s": {"cpam"},
    "statut": {"france_travail"},
    "indemnites": {"france_travail"},
    "bourse": {"crous"},
    "etudiant": {"mesri_men"},
    "eleve": {"mesri_men"},
    "vehicule": {"ants"},
}


@pytest.mark.parametrize("name", BECOMES)
def test_each_answer_becomes_its_records(name: str) -> None:
    assert payloads(read_named(name)) == BECOMES[name]


@pytest.mark.parametrize("name", answers.DATA)
def test_what_is_read_has_the_shape_of_its_type(name: str) -> None:
    reading = read_named(name)
    assert reading.records and answered(reading) == "passed"
    for record in reading.records:
        envelope.validate(record)
        assert types.validate(record["type"], record["payload"]) == []


@pytest.mark.parametrize(("name", "holders"), HOLDERS.items())
def test_each_record_says_which_organisation_it_comes_from(name: str, holders: set[str]) -> None:
    assert {record["provenance"]["holder"] for record in read_named(name).records} == holders


@pytest.mark.parametrize("name", answers.DATA)
def test_a_file_sent_by_its_resident_proves_nothing(name: str) -> None:
    for record in read_named(name).records:
        assert (record["provenance"]["method"], record["provenance"]["assurance"]) == ("upload", "declared")


@pytest.mark.parametrize("name", answers.DATA)
def test_a_sandbox_case_reads_as_its_answer(name: str) -> None:
    from_case = read(answers.case(name), answers.ENDPOINTS[name])
    assert payloads(from_case) == payloads(read_named(name))
    assert from_case.media_type == "application/yaml"


@pytest.mark.parametrize("name", sorted(answers.DATA.keys() - {"rsa", "prime", "aah", "asf", "aeeh"}))
def test_an_answer_with_fields_of_its_own_needs_no_path(name: str) -> None:
    assert payloads(read(answers.answer(name))) == payloads(read_named(name))


@pytest.mark.parametrize("name", ["rsa", "prime", "aah", "asf"])
def test_an_answer_that_fits_several_services_is_not_guessed(name: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(answers.answer(name))
    assert refusal.value.code == "which_service"


@pytest.mark.parametrize(
    "endpoint", ["https://particulier.api.gouv.fr/v3/dss/revenu_solidarite_active/identite?recipient=1", "/RSA", ""]
)
def test_the_service_comes_from_the_path_alone(endpoint: str) -> None:
    service = services.of_path(endpoint)
    assert (service is None) == ("solidarite" not in endpoint)


@pytest.mark.parametrize("name", answers.DATA)
def test_any_field_may_be_masked(name: str) -> None:
    """Remove each field in turn, then all: the rest is read, and its records match their types."""
    for field in answers.DATA[name]:
        for record in changed(name, **{field: None}).records:
            envelope.validate(record)
            wrong = [
                one
                for one in types.problems(record["type"], record["payload"])
                if one.pointer[1:] in record["payload"]
            ]
            assert wrong == []
    nothing = read(answers.as_json({"data": {}, "links": {}, "meta": {}}), answers.ENDPOINTS[name])
    assert nothing.records == []
    assert nothing.warnings == [sentences.MASKED]


def test_a_masked_list_of_children_is_not_an_empty_one() -> None:
    masked, alone = changed("household", enfants=None), changed("household", enfants=[])
    assert "enfants" not in payloads(masked)["foyer.composition"]
    assert sentences.MASKED in masked.warnings
    assert payloads(alone)["foyer.composition"]["enfants"] == []
    assert sentences.MASKED not in alone.warnings


def test_a_masked_quotient_leaves_the_household() -> None:
    assert payloads(changed("household", quotient_familial=None)).keys() == {"foyer.composition"}


def test_the_quotient_keeps_the_month_it_is_of_apart_from_the_month_it_was_computed() -> None:
    payload = payloads(read_named("household"))["social.quotient_familial"]
    assert (payload["annee"], payload["mois"]) == (2026, 11)
    assert (payload["annee_calcul"], payload["mois_calcul"]) == (2026, 10)


def test_a_birth_date_with_a_year_only_is_kept_with_a_warning() -> None:
    reading = read_named("household")
    (record,) = [one for one in reading.records if one["type"] == "foyer.composition"]
    assert record["payload"]["enfants"][0]["date_naissance"] == "2020-00-00"
    assert record["provenance"]["quality"] == ["partial_date"]
    assert reading.warnings == [sentences.PARTIAL_DATE]


def test_a_right_that_started_on_an_unknown_day_loses_its_date_not_its_record() -> None:
    reading = changed("rsa", date_debut_droit="2026-02-00")
    assert payloads(reading)["social.prestation"] == {
        "prestation": "rsa",
        "est_beneficiaire": True,
        "avec_majoration": True,
    }
    assert reading.warnings == [sentences.PARTIAL_DATE]


@pytest.mark.parametrize(
    ("written", "code", "town"),
    [
        ("75002 PARIS", "75002", "PARIS"),
        ("75002", "75002", None),
        ("01000 BOURG EN BRESSE", "01000", "BOURG EN BRESSE"),
        ("PARIS", None, "PARIS"),
    ],
)
def test_a_postcode_comes_with_or_without_its_town(written: str, code: str | None, town: str | None) -> None:
    reading = changed("household", adresse=answers.ADDRESS | {"code_postal_ville": written})
    address = payloads(reading)["foyer.composition"]["adresse"]
    assert (address.get("code_postal"), address.get("commune")) == (code, town)


def test_the_second_version_has_other_names_and_dates_written_day_first() -> None:
    reading = read_named("household_v2")
    quotient, home = payloads(reading).values()
    assert quotient == {"fournisseur": "CNAF", "valeur": 480, "annee": 2025, "mois": 7}
    (person,) = home["allocataires"]
    assert person == {"nom_naissance": "LE GOFF", "prenoms": "PAUL HENRI", "date_naissance": "1990-04-01", "sexe": "M"}
    assert sentences.NAMES_IN_ONE in reading.warnings


@pytest.mark.parametrize(
    ("status", "receives", "shares"),
    [
        ("beneficiaire_avec_participation_financiere", True, True),
        ("beneficiaire_sans_participation_financiere", True, False),
        ("non_beneficiaire", False, None),
    ],
)
def test_the_second_version_gives_the_health_cover_in_one_word(
    status: str, receives: bool, shares: bool | None
) -> None:
    body = answers.as_json({"status": status, "dateDebut": "2026-01-01", "dateFin": "2026-12-31"})
    payload = payloads(read(body, "/v2/complementaire-sante-solidaire"))["sante.c2s"]
    assert (payload["est_beneficiaire"], payload.get("avec_participation"), payload["date_fin_droit"]) == (
        receives,
        shares,
        "2026-12-31",
    )


def test_a_zero_is_a_quotient_and_a_masked_one_is_not() -> None:
    assert (
        payloads(changed("household", quotient_familial=answers.QUOTIENT | {"valeur": 0}))["social.quotient_familial"][
            "valeur"
        ]
        == 0
    )


def test_a_registration_without_an_end_date_is_current() -> None:
    assert "date_fin" not in payloads(read_named("statut"))["emploi.inscription_ft"]


def test_the_postal_address_of_france_travail_is_left_out() -> None:
    assert payloads(read_named("statut")).keys() == {"emploi.inscription_ft"}


def test_payments_are_counted_and_add_up_to_the_cent() -> None:
    reading = read_named("indemnites")
    assert [record["payload"]["montant_total"] for record in reading.records] == ["612.30", "0.10"]
    assert facts(reading) == {"payments": "2", "total": "612.40"}


def test_a_school_year_that_ends_on_31_june_ends_on_the_30th_with_a_warning() -> None:
    reading = read_named("etudiant")
    (record,) = reading.records
    assert record["payload"]["date_fin"] == "2026-06-30"
    assert record["provenance"]["quality"] == ["estimated"]
    assert reading.warnings == [sentences.MENDED_DATE]
    assert facts(reading) == {"person": "Diallo Nina", "admissions": "1"}


def test_a_pupil_s_record_is_about_a_child() -> None:
    assert read_named("eleve").records[0]["subject"]["role"] == "child"


def test_a_day_nursery_s_income_is_shown() -> None:
    assert facts(read_named("eaje")) == {"children_in_charge": "1", "yearly_income": "30100", "year": "2024"}


@pytest.mark.parametrize(
    "data",
    [
        answers.as_json(answers.ABSENT),
        answers.sandbox_case(answers.ABSENT, 404),
        b'{"error": "not_found", "reason": "x"}',
    ],
)
def test_an_unknown_person_is_an_answer_not_a_failure(data: bytes) -> None:
    reading = read(data, answers.QF)
    assert reading.records == []
    assert answered(reading) == "inconclusive"


@pytest.mark.parametrize(
    "data", [answers.as_json(answers.BROKEN), answers.sandbox_case(answers.BROKEN, 502), answers.case("rsa", 500)]
)
def test_an_error_is_reported_and_adds_no_record(data: bytes) -> None:
    reading = read(data, answers.QF)
    assert reading.records == []
    assert answered(reading) == "failed"


@pytest.mark.parametrize(
    "endpoint",
    [
        "/v3/gip_mds/service_civique/identite",
        "/v3/dsnj/service_national/identite",
        "/v3/sdh/statut_sportif/identifiant",
    ],
)
def test_an_answer_without_a_type_in_the_vault_is_reported(endpoint: str) -> None:
    reading = read(b'{"data": {"statut_actuel": {}}}', endpoint)
    assert reading.records == []
    assert {check.code for check in reading.checks} == {"holder_answer", "no_type"}


def test_the_same_values_have_the_same_hash_in_every_version() -> None:
    def hashes(reading: Reading) -> list[str]:
        return [record["provenance"]["raw_sha256"] for record in reading.records]

    assert hashes(read(answers.case("household"), answers.QF)) == hashes(read_named("household"))
    assert hashes(changed("household", quotient_familial=answers.QUOTIENT | {"valeur": 527})) != hashes(
        read_named("household")
    )


@pytest.mark.parametrize(
    "body",
    [b"[]", b'{"data": 3}', b'{"data": {"quotient_familial": NaN}}', b'{"data": {"allocataires": ', b"{" * 9000],
)
def test_a_damaged_answer_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(body, answers.QF)
    assert refusal.value.code in {"damaged", "other_shape"}


@pytest.mark.parametrize("value", [True, 1e99, 10**40, "x" * 5000, [], {"a": 1}, -1.5, "\x00"])
def test_an_impossible_value_is_left_out(value: object) -> None:
    quotient = answers.QUOTIENT | {"valeur": value, "mois": value}
    for record in changed("household", quotient_familial=quotient).records:
        wrong = [
            one for one in types.problems(record["type"], record["payload"]) if one.pointer[1:] in record["payload"]
        ]
        assert wrong == []


@pytest.mark.parametrize("born", [None, "31/02/1990", "inconnue"])
def test_a_birth_date_that_is_lost_is_said(born: str | None) -> None:
    parents = [{"nom_naissance": "DIALLO", "prenoms": "AWA", "date_naissance": born, "sexe": "F"}]
    reading = changed("household", allocataires=parents)
    assert "date_naissance" not in payloads(reading)["foyer.composition"]["allocataires"][0]
    assert sentences.NO_BIRTH_DATE in reading.warnings


def test_a_quotient_whose_value_is_missing_is_said() -> None:
    reading = changed("household_v2", quotientFamilial=None)
    assert "social.quotient_familial" not in payloads(reading)
    assert sentences.MASKED in reading.warnings
