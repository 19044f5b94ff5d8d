"""Text is opened once for all readers; what is no text, no known data, cut or empty has its own sentence."""

import io

import pytest

from core.files.sizes import MAX_FILE, MAX_PAPER
from tests.fixtures.files import FILES
from vault import readers
from vault.readers import Unreadable
from vault.readers.files.text import as_utf_8, decoded
from vault.readers.sentences import LAST_LINE_OPEN, NOTHING_KEPT, UNREADABLE

TEXT = "Libellé;Prix\nCafé crème;1,50 €\n"


def refused(data: bytes) -> str:
    with pytest.raises(Unreadable) as refusal:
        readers.read(io.BytesIO(data), trust_test_authority=False)
    return refusal.value.code


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.encode("cp1252"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r\n").encode(),
        b"\n\t\n" + TEXT.encode(),
    ],
)
def test_every_encoding_and_line_end_gives_the_same_text(data: bytes) -> None:
    assert as_utf_8(data).decode() == TEXT


def test_a_plain_text_is_not_copied() -> None:
    for data in (TEXT.encode(), b"a;b\n1;2\n", b'{"a": 1}', b'<?xml version="1.0" encoding="UTF-8"?><a/>'):
        assert as_utf_8(data) is data


@pytest.mark.parametrize("data", [b"%PDF-1.7\r\n\xff", b"PK\x03\x04\r\n", b"\xff\xd8\xff\r\n"])
def test_what_is_no_text_is_left_as_it_is(data: bytes) -> None:
    assert as_utf_8(data) is data


def test_xml_is_read_in_the_encoding_that_it_declares() -> None:
    declared = '<?xml version="1.0" encoding="{}"?><a>12 €, été</a>'
    assert decoded(declared.format("ISO-8859-15").encode("iso-8859-15")) == '<?xml version="1.0"?><a>12 €, été</a>'
    assert decoded(declared.format("UTF-16").encode("utf-16")) == '<?xml version="1.0"?><a>12 €, été</a>'


def test_a_character_cut_at_the_end_does_not_change_the_others() -> None:
    assert decoded("été".encode()[:-1]) == "ét"


def test_a_record_names_the_file_as_it_came() -> None:
    import hashlib

    (gps,) = (file.data for file in FILES if file.name == "gps")
    data = gps.decode().encode("utf-16")
    reading = readers.read(io.BytesIO(data), trust_test_authority=False)
    assert {record["provenance"]["source_document"] for record in reading.records} == {
        hashlib.sha256(data).hexdigest()
    }


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02 not a text", "unknown_media"),
        (b"Bonjour, ceci est une lettre.\n", "unknown_media"),
        (b'{"temperatures": [1, 2]}', "unknown_data"),
        (b'<?xml version="1.0"?><inventory/>', "unknown_data"),
        (b"a;b\n1;2\n", "unknown_data"),
        (b"PK\x03\x04 cut", "damaged"),
        (b'{"semanticSegments": [{"visit": ', "damaged"),
        (b'{"semanticSegments": [{"visit": 3}]}', "other_shape"),
        (b"CODE_PRODUIT;NOM_PRODUIT;PRIX_UNITAIRE;QUANTITE_VENDUE;JOUR\n", "no_data"),
        (b"%PDF-1.7\n" + bytes(MAX_PAPER), "too_big"),
        (b" " * (MAX_FILE + 1), "too_big_data"),
        (b'{"unknown": "' + b"x" * MAX_PAPER + b'"}', "unknown_data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_reason_has_its_own_sentence(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_the_size_that_is_said_is_the_size_allowed() -> None:
    megabytes = {"too_big": MAX_PAPER // 1_000_000, "too_big_data": MAX_FILE // 1_000_000}
    for code, size in megabytes.items():
        assert f"{size}\u00a0Mo" in UNREADABLE[code]


def test_a_last_line_without_an_end_is_said_and_a_shorter_one_is_left_out() -> None:
    (whole,) = (file.data for file in FILES if file.name == "gps")
    open_ended = readers.read(io.BytesIO(whole.rstrip(b"\n")), trust_test_authority=False)
    assert open_ended.warnings == [LAST_LINE_OPEN] and len(open_ended.records) == 1
    cut = readers.read(io.BytesIO(whole + b"2026-06-15T10:1"), trust_test_authority=False)
    assert cut.warnings == [LAST_LINE_OPEN] and cut.facts[0].value == "2"


def test_a_right_of_access_alone_says_that_nothing_is_kept() -> None:
    data = b'{"pce": {"id_pce": "GI000001"}, "id_droit_acces": "1", "etat_droit_acces": "Active"}'
    assert readers.read(io.BytesIO(data), trust_test_authority=False).warnings == [NOTHING_KEPT]
