"""Signed codes on papers: the records of genuine codes, and the refusal of others."""

import io
from base64 import b32decode, b32encode
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import example, given, settings
from hypothesis import strategies as st

from demo.papers import signing, specimens
from tests.fixtures.notices import FACTS
from vault import readers, types
from vault.readers import Reading, Unreadable, sentences
from vault.readers.files.document import CodeText
from vault.readers.formats.twoddoc import code as codes
from vault.readers.formats.twoddoc import drafts, reader, trust
from vault.types import envelope

AUTHORITIES = [signing.FOLDER]


def read(data: bytes, *, trusting: bool = True) -> Reading:
    return readers.read(io.BytesIO(data), trust_test_authority=trusting, authorities=AUTHORITIES)


def outcomes(reading: Reading) -> dict[str, str]:
    return {check.code: check.outcome for check in reading.checks}


@pytest.fixture(scope="module")
def code() -> str:
    return specimens.notice_code(**FACTS)


@pytest.fixture(scope="module")
def notice() -> bytes:
    return specimens.tax_notice(**FACTS)


def test_a_notice_becomes_a_record_with_signed_values(notice: bytes) -> None:
    reading = read(notice)
    (record,) = reading.records
    envelope.validate(record)
    assert types.validate("fiscal.avis_ir", record["payload"]) == []
    assert record["payload"] == {
        "annee_revenus": 2025,
        "reference_avis": "0000000000000",
        "numero_fiscal_declarant1": "0123456789012",
        "numero_fiscal_declarant2": "0123456789013",
        "declarant1": "DIALLO AWA",
        "declarant2": "LE GOFF PAUL HENRI",
        "revenu_fiscal_reference": 18250,
        "nombre_parts": 2.75,
        "impot_revenu_net": 312,
        "retenue_source": 300,
        "reste_a_payer": 12,
        "date_mise_en_recouvrement": "2026-07-31",
        "adresse": {
            "lignes": ["12 BIS RUE DE L ETE 00420 VILLEBRUME"],
            "voie": "12 BIS RUE DE L ETE",
            "code_postal": "00420",
            "commune": "VILLEBRUME",
        },
        "type_document": "avis_ir",
    }
    assert reading.kind == "avis_impot"
    assert set(outcomes(reading).values()) == {"passed"}


def test_the_record_names_its_signer_its_date_and_its_file(notice: bytes) -> None:
    origin = read(notice).records[0]["provenance"]
    assert (origin["holder"], origin["method"], origin["assurance"]) == ("dgfip", "upload", "signature_verified")
    assert origin["issued_at"] == "2026-07-31T00:00:00+02:00"
    assert origin["signature"] == {
        "kind": "2ddoc",
        "ca": "ZZ01",
        "cert": "VBR1",
        "result": "valid",
        "signed_on": "2026-07-31",
    }


def test_a_photo_of_the_notice_gives_the_same_values(notice: bytes) -> None:
    assert read(specimens.as_photo(notice)).records[0]["payload"] == read(notice).records[0]["payload"]


@pytest.mark.parametrize("tilt", [0, 90, 178.5, -7])
def test_a_turned_photo_is_read(notice: bytes, tilt: float) -> None:
    assert read(specimens.as_photo(notice, tilt=tilt)).records


def test_the_raw_text_of_a_code_is_read(code: str, notice: bytes) -> None:
    reading = read(code.encode() + b"\r\n")
    assert reading.records[0]["payload"] == read(notice).records[0]["payload"]
    assert reading.media_type == "text/plain"


def test_the_demonstration_s_authority_is_accepted_only_when_trusted(notice: bytes) -> None:
    reading = read(notice, trusting=False)
    assert reading.records == []
    assert outcomes(reading) == {"2ddoc_signature": "inconclusive", "number_hidden": "passed"}


def test_trusting_a_test_authority_gives_a_warning(notice: bytes) -> None:
    assert sentences.TEST_AUTHORITY in read(notice).warnings


def test_an_edited_code_gives_no_record(code: str) -> None:
    richer = code.replace("4118250", "4108250")
    assert richer != code
    reading = read(richer.encode())
    assert reading.records == []
    assert outcomes(reading) == {"2ddoc_signature": "failed"}
    assert not any(check.details for check in reading.checks)


def test_an_edited_code_on_a_paper_gives_no_record(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specimens, "notice_code", lambda **_: code.replace("4118250", "4108250"))
    assert read(specimens.tax_notice(**FACTS)).records == []


def test_figures_printed_beside_a_genuine_code_are_compared_with_it() -> None:
    reading = read(specimens.tax_notice(**FACTS, printed_income=8250))
    assert outcomes(reading)["2ddoc_matches_text"] == "failed"
    assert reading.records[0]["payload"]["revenu_fiscal_reference"] == 18250


def test_a_genuine_signature_of_another_organisation_is_refused_for_a_notice(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A telephone operator also has a valid certificate."""
    monkeypatch.setattr(trust, "judge", lambda *_, **__: trust.Verdict("valid", "FREE SAS"))
    reading = read(code.encode())
    assert reading.records == []
    assert outcomes(reading) == {"2ddoc_issuer": "failed"}


def test_the_tax_office_s_own_certificates_pass(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        trust, "judge", lambda *_, **__: trust.Verdict("valid", "DIRECTION GENERALE DES FINANCES PUBLIQUES")
    )
    assert read(code.encode()).records


def verdict(code: str, *, folder: Path = signing.FOLDER, today: date = date(2026, 11, 25)) -> str:
    return trust.judge(codes.split(code), trust.Trust(test=True, folders=[folder]), today=today).result


@pytest.fixture
def short_lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an authority whose certificates are valid from 2015 to 2019."""
    monkeypatch.setattr(signing, "NOT_AFTER", signing.NOT_BEFORE.replace(year=2019))
    signing.make_authority(tmp_path)
    return tmp_path


def test_an_old_notice_stays_genuine_after_its_certificate_expired(short_lived: Path) -> None:
    old = signing.sign("28", {"41": "100"}, signed_on=date(2018, 8, 1), folder=short_lived)
    assert verdict(old, folder=short_lived) == "valid"


@pytest.mark.parametrize("signed_on", [date(2014, 12, 31), date(2019, 6, 1)])
def test_a_code_signed_outside_its_certificate_s_life_is_not_verified(short_lived: Path, signed_on: date) -> None:
    late = signing.sign("28", {"41": "100"}, signed_on=signed_on, folder=short_lived)
    assert verdict(late, folder=short_lived) == "unknown_cert"


def test_a_code_signed_tomorrow_is_not_verified(code: str) -> None:
    assert verdict(code, today=date(2026, 7, 30)) == "unknown_cert"


def test_a_certificate_not_signed_by_its_authority_is_not_verified(tmp_path: Path) -> None:
    signing.make_authority(tmp_path)
    stolen = signing.sign("28", {"41": "100"}, signed_on=date(2026, 7, 31), folder=tmp_path)
    (tmp_path / "ZZ01.der").write_bytes((signing.FOLDER / "ZZ01.der").read_bytes())
    assert verdict(stolen, folder=tmp_path) == "unknown_cert"


def test_a_certificate_of_the_same_name_from_elsewhere_does_not_verify(tmp_path: Path) -> None:
    signing.make_authority(tmp_path)
    forged = signing.sign("28", {"41": "100"}, signed_on=date(2026, 7, 31), folder=tmp_path)
    assert verdict(forged) == "invalid"


def test_certificates_in_a_user_s_folder_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """tddoc itself would load them."""
    chains = tmp_path / ".config" / "tddoc" / "chains"
    chains.mkdir(parents=True)
    for path in signing.FOLDER.glob("*.der"):
        (chains / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("tddoc.keychain.USER_CHAINS_DIR", chains)
    assert trust.judge(codes.split(code), trust.Trust(test=True), today=date(2026, 11, 25)).result == "unknown_cert"


@pytest.mark.parametrize("name", ["../.", "ZZ/1", "zz01", "ZZ 1"])
def test_an_authority_s_name_never_becomes_a_path(code: str, name: str) -> None:
    with pytest.raises(codes.Malformed):
        codes.split(code.replace("ZZ01", name, 1))


def test_an_old_code_without_year_or_tax_shares_is_reported_as_incomplete() -> None:
    old = signing.sign("04", {"10": "M/DIALLO/AWA", "40": "0123456789012", "41": "900"}, signed_on=date(2020, 8, 1))
    reading = read(old.encode())
    assert reading.records[0]["payload"]["numero_fiscal_declarant1"] == "0123456789012"
    assert outcomes(reading)["2ddoc_values"] == "inconclusive"
    assert sentences.PARTIAL_CODE in reading.warnings


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("2", 2.0), ("2,5", 2.5), ("2,75", 2.75), ("0,5", 0.5), ("2,3", None), ("0", None), ("-1", None), (",", None)],
)
def test_tax_shares_are_quarters_written_with_a_comma(written: str, read_as: float | None) -> None:
    signed = signing.sign("28", {"41": "1", "43": written, "45": "2025"}, signed_on=date(2026, 7, 31))
    assert read(signed.encode()).records[0]["payload"].get("nombre_parts") == read_as


def test_a_postcode_keeps_its_leading_zero() -> None:
    bill = signing.sign(
        "01",
        {"10": "MME/DIALLO/AWA", "22": "2 RUE BASSE", "24": "01000", "25": "VILLEBRUME", "26": "FR"},
        signed_on=date(2026, 9, 1),
    )
    assert read(bill.encode()).records[0]["payload"]["adresse"]["code_postal"] == "01000"


def test_a_payslip_becomes_a_month_s_income() -> None:
    values = {
        "10": "M/DIALLO/AWA",
        "50": "01234567890123",
        "53": "2625",
        "54": "2642",
        "5A": "1801,80",
        "5C": "1426,3",
        "58": "1478,9",
    }
    (record,) = read(signing.sign("06", values, signed_on=date(2026, 11, 3)).encode()).records
    payload = record["payload"]
    assert types.validate("emploi.revenu", payload) == []
    assert (payload["brut"], payload["net_avant_impot"], payload["siret"]) == ("1801.80", "1426.30", "01234567890123")
    assert record["period"]["start"][:7] == payload["mois"]


def test_an_air_quality_certificate_becomes_a_vehicle_whose_plate_is_masked() -> None:
    values = {"A1": "AB-123-CD", "A2": "RENAULT", "A3": "ZOE", "A5": "M1 ", "A6": "EL", "A7": "000", "AA": "01012021"}
    reading = read(signing.sign("A7", values, signed_on=date(2026, 9, 1)).encode())
    (record,) = reading.records
    assert record["payload"] == {
        "immatriculation_masquee": "AB-***-CD",
        "date_premiere_immatriculation": "2021-01-01",
        "marque": "RENAULT",
        "modele": "ZOE",
        "categorie": "M1",
        "energie_code": "EL",
        "co2_g_km": 0,
    }
    assert outcomes(reading)["2ddoc_values"] == "inconclusive"


@pytest.mark.parametrize(
    ("organisation", "kind"),
    [
        ("ELECTRICITE DE FRANCE", "facture_energie"),
        ("Suez Eau France", "facture_eau"),
        ("FREE SAS", "facture_telecom"),
        ("AXA", None),
        ("", None),
    ],
)
def test_the_signer_of_a_proof_of_address_gives_the_kind_of_bill(organisation: str, kind: str | None) -> None:
    bill = codes.split(signing.sign("01", {"22": "2 RUE BASSE", "24": "01000"}, signed_on=date(2026, 9, 1)))
    assert drafts.kind_of(bill, organisation) == kind


@pytest.mark.parametrize(("doc_type", "kind"), [("B0", "diplome"), ("B1", "cvec")])
def test_a_diploma_and_a_student_s_contribution_stay_papers(doc_type: str, kind: str) -> None:
    reading = read(signing.sign(doc_type, {"B0": "AWA/MARIE", "B2": "DIALLO"}, signed_on=date(2026, 9, 1)).encode())
    assert (reading.records, reading.kind) == ([], kind)
    assert outcomes(reading)["2ddoc_no_type"] == "inconclusive"


@pytest.mark.parametrize("doc_type", ["18", "24", "27"])
def test_a_declared_situation_is_not_a_notice(doc_type: str) -> None:
    values = {
        "41": "18250",
        "43": "2,75",
        "44": "26A0000000000",
        "45": "2025",
        "46": "DIALLO AWA",
        "47": "0123456789012",
    }
    reading = read(signing.sign(doc_type, values, signed_on=date(2026, 9, 1)).encode())
    (record,) = reading.records
    assert (record["type"], record["payload"]["type_document"], reading.kind) == ("fiscal.avis_ir", "asdir", "asdir")
    assert types.validate("fiscal.avis_ir", record["payload"]) == []


def test_two_different_codes_on_one_page_give_a_warning(code: str) -> None:
    other = signing.sign("28", {"41": "1", "43": "1", "45": "2024"}, signed_on=date(2025, 7, 31))
    reading = _read_codes([code, other])
    assert len(reading.records) == 2
    assert sentences.SEVERAL_CODES in reading.warnings


def _read_codes(raws: list[str]) -> Reading:
    trusted = trust.Trust(test=True, folders=AUTHORITIES)
    return reader.read(CodeText(raws[0].encode()), raws, source="0" * 64, trusted=trusted, today=date(2026, 11, 25))


READ_IDS = [
    *("10", "20", "21", "22", "23", "24", "25", "26", "1C", "31", "34", "36", "37", "38", "39", "AI"),
    *(
        "40",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "4A",
        "4B",
        "4V",
        "4W",
        "4X",
        "4Y",
        "6U",
        "6W",
        "6X",
    ),
    *("50", "51", "53", "54", "58", "5A", "5C", "0B", "0D", "ZZ"),
]
CODE = specimens.notice_code(**FACTS)
PAYLOAD = readers.read(io.BytesIO(CODE.encode()), trust_test_authority=True, authorities=AUTHORITIES).records[0][
    "payload"
]
EDIT = st.tuples(st.integers(0, len(CODE) - 1), st.integers(0, 255), st.sampled_from(["replace", "insert", "delete"]))


def edited(edits: list[tuple[int, int, str]]) -> bytes:
    data = bytearray(CODE.encode())
    for place, byte, how in edits:
        place = min(place, len(data) - 1)
        if how == "replace":
            data[place] = byte
        elif how == "insert":
            data.insert(place, byte)
        elif len(data) > 1:
            del data[place]
    return bytes(data)


@settings(max_examples=400)
@given(st.lists(EDIT, min_size=1, max_size=6))
@example([(22, ord("Z"), "replace")])
@example([(12, ord("F"), "replace"), (13, ord("F"), "replace")])
def test_no_edited_value_of_a_code_is_verified(edits: list[tuple[int, int, str]]) -> None:
    try:
        reading = read(edited(edits))
    except Unreadable:
        return
    assert all(record["payload"] == PAYLOAD for record in reading.records)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(READ_IDS), st.text(st.characters(max_codepoint=127), max_size=24)), max_size=9),
    st.sampled_from(["28", "04", "01", "06", "03", "11", "A2", "99"]),
)
def test_any_content_signed_by_an_issuer_is_read_without_a_crash(parts: list[tuple[str, str]], doc_type: str) -> None:
    """An issuer's mistake has a valid signature."""
    body = "".join(one + value for one, value in parts)
    signed = _sign_anything(doc_type, body.replace("\x1f", ""))
    try:
        reading = read(signed)
    except Unreadable:
        return
    for record in reading.records:
        envelope.validate(record)
        errors = [
            one
            for one in types.problems(record["type"], record["payload"])
            if one.pointer[1:].split("/")[0] in record["payload"]
        ]
        assert errors == [], record


def _sign_anything(doc_type: str, body: str) -> bytes:
    data = f"DC04ZZ01VBR125E925E9{doc_type}01FR{body}".encode("ascii")
    r, s = decode_dss_signature(signing._key(signing.FOLDER).sign(data, ec.ECDSA(hashes.SHA256())))
    signature = b32encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=")
    assert len(b32decode(signature + b"=")) == 64
    return data + b"\x1f" + signature
