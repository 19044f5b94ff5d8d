"""Cells, marks and files that people have: read, or refused by a true sentence. What no home has is refused."""

import io
import zipfile
from typing import Any

import pytest

from tests.fixtures.files import FILES, File
from tests.fixtures.readings import facts, payloads, read
from vault import readers
from vault.readers import Reading, Unreadable
from vault.readers.formats import FORMATS
from vault.readers.sentences import DOUBTED, SAME_STAMP

TEXTS = [file for file in FILES if file.format in FORMATS and not file.data.startswith(b"PK")]
HOME = "debut;kW\n2026-03-01 00:00:00;0.5\n2026-03-01 00:30:00;0.7\n"


def refusal(text: str | bytes, **more: Any) -> str:
    with pytest.raises(Unreadable) as refused:
        read(text, **more)
    return refused.value.code


def values(text: str) -> list[Any]:
    (block,) = payloads(read(text), "energie.serie")
    found: list[Any] = block["valeurs"]
    return found


def test_a_cell_that_names_its_unit_is_read_in_it() -> None:
    assert values("Date;Valeur (en kWh)\n01/03/2026;12,5 kWh\n02/03/2026;900 Wh\n") == [12500, 900]


def test_a_thousand_with_a_point_and_a_decimal_comma_is_one_number() -> None:
    assert values("Date;Valeur (en Wh)\n01/03/2026;1.234,5\n02/03/2026;12.345.678,5\n") == [1234.5, 12345678.5]


def test_a_cell_that_is_no_number_is_no_gap() -> None:
    assert refusal("Date;Valeur (en kWh)\n01/03/2026;12,5\n02/03/2026;douze\n") == "measure_unclear"
    assert values("Date;Valeur (en kWh)\n01/03/2026;12,5\n02/03/2026;NA\n") == [12500, None]


def test_two_values_of_one_moment_are_said() -> None:
    assert SAME_STAMP in read(HOME + "2026-03-01 00:30:00;0.9\n").warnings
    assert SAME_STAMP not in read(HOME + "2026-03-01 00:30:00;0.7\n").warnings


def test_a_power_that_no_home_reaches_is_refused() -> None:
    assert refusal(HOME.replace("0.7", "100000")) == "too_large_measure"
    assert refusal("Date;Valeur (en kWh)\n01/03/2026;99000\n") == "too_large_measure"


def test_an_amount_that_no_household_reaches_is_refused() -> None:
    text = "Date;Libellé;Montant\n25/02/2026;PAIN;-99 999 999 999 999,00\n"
    columns = {"Date": "date_operation", "Libellé": "libelle", "Montant": "montant"}
    assert refusal(text, columns=columns) == "too_large_money"


def test_what_happened_is_not_dated_after_the_next_year() -> None:
    text = "Date;Libellé;Montant\n25/02/2099;PAIN;-9,00\n"
    columns = {"Date": "date_operation", "Libellé": "libelle", "Montant": "montant"}
    assert refusal(text, columns=columns) == refusal(HOME.replace("2026", "2099")) == "far_away"


def test_a_jump_of_forty_kilometres_in_a_minute_makes_no_trip() -> None:
    places = [47.2 + rank / 2000 for rank in range(5)] + [47.56] + [47.2 + rank / 2000 for rank in range(6, 12)]
    points = "".join(
        f'<trkpt lat="{place}" lon="-1.55"><time>2026-03-01T10:{rank:02d}:00Z</time></trkpt>'
        for rank, place in enumerate(places)
    )
    reading = read(f'<gpx version="1.1"><trk><trkseg>{points}</trkseg></trk></gpx>')
    assert float(facts(reading)["distance"]) < 1 and DOUBTED in reading.warnings


def _read(file: File, data: bytes) -> Reading:
    ask = readers.Ask(endpoint=file.endpoint, direction="soutirage")
    return readers.read(io.BytesIO(data), trust_test_authority=False, ask=ask)


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_nuls_and_marks_around_a_text_change_nothing_of_it(file: File) -> None:
    whole = _read(file, file.data)
    for before, after in (
        (b"", b"\x00"),
        (b"", b"\x00\x00\x00"),
        (b"", b"\xef\xbb\xbf"),
        (b"\x00", b""),
        (b"\x00", b"\x00"),
    ):
        if not before or not file.data.startswith(b"\xff"):
            found = _read(file, before + file.data + after)
            assert (found.format, found.facts, len(found.records)) == (whole.format, whole.facts, len(whole.records))


def _zip(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return held.getvalue()


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("fit", bytes([14, 32, 84, 8, 100, 0, 0, 0]) + b".FIT" + bytes(40)),
        ("gzip", b"\x1f\x8b\x08\x00" + bytes(20)),
        ("tcx", b'<?xml version="1.0"?>\n<TrainingCenterDatabase xmlns="x"><Activities/></TrainingCenterDatabase>'),
        ("cfonb", b"0130004    00999EUR2 0001234567890  010326" + b" " * 78),
        ("mt940", b":20:START\r\n:25:30004/00012345678\r\n:28C:1/1\r\n:60F:C260301EUR1200,00\r\n"),
        ("mt940", b"{1:F01AGRIFRPPAXXX}{2:O940}{4:\r\n:20:START\r\n:25:3/1\r\n:60F:C260301EUR1200,00\r\n-}"),
        ("strava", b'Activity ID,Activity Date,Activity Name\n1,"Mar 1, 2026",Run\n'),
        ("strava", _zip("activities.csv", "activities/1.gpx")),
    ],
)
def test_a_file_that_nobody_reads_here_is_named_with_what_to_send_instead(code: str, data: bytes) -> None:
    assert refusal(data) == code
