"""The official 2D-Doc specimens, beside the repository: every header, value and signature."""

import io
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from weasyprint import HTML
from weasyprint.urls import URLFetcher

from demo.papers import specimens
from vault import readers
from vault.readers.formats.twoddoc import code as codes
from vault.types import envelope

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "samples" / "2ddoc" / "spec_3.1.3"
SPECIMENS = sorted(FOLDER.glob("*.txt"))
#: The record type of each document type of the specimens. The others are stored as papers only.
BECOMES = {
    "00": "logement.domicile",
    "01": "logement.domicile",
    "03": "banque.compte",
    "04": "fiscal.avis_ir",
    "06": "emploi.revenu",
    "11": "banque.compte",
    "A2": "handicap.cmi",
    "A7": "mobilite.vehicule",
}

pytestmark = pytest.mark.skipif(not SPECIMENS, reason="the shared samples are not beside this repository")
each_specimen = pytest.mark.parametrize("path", SPECIMENS, ids=lambda path: path.stem)


@cache
def expected(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


def read(data: bytes, *, trusting: bool = True) -> readers.Reading:
    return readers.read(io.BytesIO(data), trust_test_authority=trusting)


def outcomes(reading: readers.Reading) -> dict[str, str]:
    return {check.code: check.outcome for check in reading.checks}


def code_of(path: Path) -> codes.Code:
    return codes.split(path.read_bytes().strip().decode("ascii"))


@each_specimen
def test_the_header_matches_the_specification(path: Path) -> None:
    header, code = expected(path)["header"], code_of(path)
    assert (code.authority, code.certificate, code.doc_type) == (
        header["ca_id"],
        header["cert_id"],
        header["doc_type_id"],
    )
    assert code.signed_on is not None and code.signed_on.isoformat() == header["sign_date"]
    assert code.signed.signature.hex() == "".join(expected(path)["signature"].split())


@each_specimen
def test_every_value_matches_the_specification(path: Path) -> None:
    found = {one: _as_printed(entry) for one, entry in codes.entries(code_of(path)).items()}
    assert found == {one: str(value).lstrip("0") for one, value in expected(path)["fields"].items()}


@each_specimen
def test_it_is_verified_with_the_test_authority(path: Path) -> None:
    reading = read(path.read_bytes())
    assert outcomes(reading)["2ddoc_signature"] == "passed"
    become = BECOMES.get(expected(path)["header"]["doc_type_id"])
    assert [record["type"] for record in reading.records] == ([become] if become else [])
    for record in reading.records:
        envelope.validate(record)
        assert record["provenance"]["assurance"] == "signature_verified"


@each_specimen
def test_it_is_refused_without_the_test_authority(path: Path) -> None:
    reading = read(path.read_bytes(), trusting=False)
    assert outcomes(reading) == {"2ddoc_test_authority": "failed"}
    assert reading.records == []


@each_specimen
def test_one_changed_letter_is_detected(path: Path) -> None:
    raw = bytearray(path.read_bytes().strip())
    place = raw.index(b"\x1f") - 3
    raw[place] = ord("X") if raw[place] != ord("X") else ord("Y")
    reading = read(bytes(raw))
    assert outcomes(reading) == {"2ddoc_signature": "failed"}
    assert reading.records == []


@each_specimen
def test_it_is_found_on_a_printed_page_and_on_its_photo(path: Path) -> None:
    image = specimens.data_matrix(path.read_bytes().strip().decode("ascii"))
    page = f'<img src="{image}" style="width:3cm;margin:2cm"><p>Spécimen</p>'
    pdf = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=["data"])).write_pdf()
    direct = [record["payload"] for record in read(path.read_bytes()).records]
    for data in (pdf, specimens.as_photo(pdf)):
        reading = read(data)
        assert outcomes(reading)["2ddoc_signature"] == "passed"
        assert [record["payload"] for record in reading.records] == direct


def test_the_old_notice_has_its_income_and_is_reported_as_incomplete() -> None:
    reading = read((FOLDER / "15.2.2_05.txt").read_bytes())
    payload = reading.records[0]["payload"]
    assert (payload["declarant1"], payload["revenu_fiscal_reference"]) == ("IMPOSABLE FRANCOIS", 1042876)
    assert outcomes(reading)["2ddoc_values"] == "inconclusive"


def _as_printed(entry: codes.Entry) -> str:
    """Return a value as the specification's tables print it: yes is 1, an hour is HHMM, leading zeros are dropped."""
    if isinstance(entry.value, bool):
        return "1" if entry.value else ""
    if isinstance(entry.value, time):
        return entry.value.strftime("%H%M").lstrip("0")
    return str(entry).lstrip("0")
