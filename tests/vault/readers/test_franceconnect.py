"""FranceConnect's claims: an identity, with possibly partial dates and places."""

import io
from typing import Any

import pytest

from tests.fixtures import documents
from vault import readers, types
from vault.readers import Reading, Unreadable, sentences
from vault.types import envelope


def read(**changes: Any) -> Reading:
    claims = {name: value for name, value in (documents.CLAIMS | changes).items() if value is not None}
    return readers.read(io.BytesIO(documents.as_json(claims)), trust_test_authority=False)


def identity(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = read(**changes).records[0]["payload"]
    return payload


def test_the_identity_and_the_contact_are_two_records() -> None:
    first, second = read().records
    for record in (first, second):
        envelope.validate(record)
        assert types.validate(record["type"], record["payload"]) == []
        assert record["provenance"]["holder"] == "FranceConnect"
    assert first["type"] == "identite.pivot"
    assert first["payload"] == {
        name: value for name, value in documents.CLAIMS.items() if name not in {"email", "amr", "rep_scope"}
    }
    assert (second["type"], second["payload"]) == ("identite.contact", {"email": "awa@example.org"})


@pytest.mark.parametrize("birth", ["1992-00-00", "1992-11-00"])
def test_a_birth_date_may_be_partial(birth: str) -> None:
    reading = read(birthdate=birth)
    record = reading.records[0]
    assert record["payload"]["birthdate"] == birth
    assert types.validate("identite.pivot", record["payload"]) == []
    assert record["provenance"]["quality"] == ["partial_date"]
    assert reading.warnings == [sentences.PARTIAL_DATE]


def test_a_day_of_an_unknown_month_is_dropped() -> None:
    assert identity(birthdate="1977-00-03")["birthdate"] == "1977-00-00"


def test_the_provider_s_birth_date_replaces_a_missing_one() -> None:
    assert identity(birthdate=None, idp_birthdate="1988-03-02")["birthdate"] == "1988-03-02"


def test_a_birth_abroad_has_no_french_place() -> None:
    assert "birthplace" not in identity(birthcountry="99217", birthplace="75056")


@pytest.mark.parametrize("country", ["991²0", "٩٩١٠٠", "9910", "FRA"])
def test_a_country_that_is_no_code_is_left_out(country: str) -> None:
    """`isdigit` is true of the first, and `isdecimal` of the second."""
    assert "birthcountry" not in identity(birthcountry=country)


def test_an_empty_claim_is_left_out() -> None:
    assert identity(preferred_username="", birthplace="").keys().isdisjoint({"preferred_username", "birthplace"})


def test_names_may_come_as_a_list_only() -> None:
    assert identity(given_name=None)["given_name"] == "Awa Marie"


@pytest.mark.parametrize(
    "claim", ["family_name", "given_name_array", "gender", "birthcountry", "birthdate", "sub", "email"]
)
def test_any_claim_may_be_missing(claim: str) -> None:
    reading = read(**{claim: None})
    needed = claim in {"family_name", "gender", "birthcountry", "birthdate"}
    assert (sentences.MASKED in reading.warnings) == needed


@pytest.mark.parametrize("birth", ["1992-02-31", "1992-13-12", "hier", 1992, "0000-00-00"])
def test_an_impossible_date_is_left_out(birth: object) -> None:
    assert "birthdate" not in identity(birthdate=birth)


def test_claims_without_a_name_are_refused() -> None:
    with pytest.raises(Unreadable):
        readers.read(io.BytesIO(b'{"family_name": "", "birthdate": ""}'), trust_test_authority=False)
