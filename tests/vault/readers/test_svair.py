"""The tax office's verification page: its values, and its two footnotes on incomplete notices."""

import io

import pytest

from tests.fixtures import documents
from vault import readers, types
from vault.readers import Reading, Unreadable, sentences
from vault.types import envelope

WHOLE = {
    "annee_revenus": 2025,
    "declarant1": "LE GOFF Awa",
    "declarant2": "LE GOFF Paul",
    "revenu_fiscal_reference": 18250,
    "nombre_parts": 2.75,
    "revenu_brut_global": 20277,
    "revenu_imposable": 18250,
    "impot_revenu_net": 312,
    "situation_familiale": "Marié(e)s",
    "personnes_a_charge": 1,
    "date_mise_en_recouvrement": "2026-07-31",
    "date_etablissement": "2026-07-08",
    "type_document": "svair",
}


def read(data: bytes) -> Reading:
    return readers.read(io.BytesIO(data), trust_test_authority=False)


def page(**changes: str) -> bytes:
    return documents.svair_page(**changes).encode()


@pytest.mark.parametrize("data", [page(), documents.as_json(documents.SVAIR)], ids=["page", "json"])
def test_a_notice_is_read_whole(data: bytes) -> None:
    reading = read(data)
    (record,) = reading.records
    envelope.validate(record)
    assert types.validate("fiscal.avis_ir", record["payload"]) == []
    address = record["payload"].pop("adresse")
    assert (address["code_postal"], address["commune"]) == ("01000", "BOURG EN BRESSE")
    assert record["payload"] == WHOLE
    assert (record["provenance"]["holder"], record["provenance"]["assurance"]) == ("dgfip", "declared")
    assert reading.warnings == []


def test_a_page_saved_in_an_older_encoding_reads_the_same() -> None:
    old = documents.svair_page().encode("cp1252")
    assert read(old).records[0]["payload"] == read(page()).records[0]["payload"]


@pytest.mark.parametrize(
    ("notice", "flag", "sentence"),
    [
        ({"partial": "(*) Situation 2025 partielle"}, "truncated", sentences.PARTIAL_NOTICE),
        ({"corrected": "Un avis correctif a été établi"}, "unreconciled", sentences.CORRECTED_NOTICE),
    ],
)
def test_a_footnote_is_a_flag_and_a_warning(notice: dict[str, str], flag: str, sentence: str) -> None:
    names = {"partial": "situationPartielle", "corrected": "erreurCorrectif"}
    as_answer = documents.SVAIR | {names[name]: text for name, text in notice.items()}
    for data in (page(**notice), documents.as_json(as_answer)):
        reading = read(data)
        assert reading.records[0]["provenance"]["quality"] == [flag]
        assert reading.warnings == [sentence]


def test_a_correction_is_kept_with_the_values() -> None:
    payload = read(page(corrected="Un avis correctif a été établi")).records[0]["payload"]
    assert payload["correctif"] == "Un avis correctif a été établi"


def test_no_tax_is_a_tax_of_zero() -> None:
    assert read(page(tax="Non imposable")).records[0]["payload"]["impot_revenu_net"] == 0


def test_the_tax_before_corrections_is_not_the_tax() -> None:
    assert read(page()).records[0]["payload"]["impot_revenu_net"] == 312


def test_another_page_of_the_tax_office_is_refused() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(b"<!DOCTYPE html><title>Service de v\xc3\xa9rification en ligne des avis</title><p>Aucun avis.")
    assert refusal.value.code in {"damaged", "other_shape"}


def test_any_other_page_is_not_recognised() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(b"<!DOCTYPE html><title>Impots.gouv.fr</title>")
    assert refusal.value.code == "unknown_media"
