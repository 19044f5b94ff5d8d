"""Workbooks: sizes are checked before decompression, formulas stay texts, entities are refused."""

import pytest

from tests.fixtures.workbooks import workbook
from vault.readers.files.workbook import MAX_INFLATED, has_text, is_workbook, sheets
from vault.readers.reading import Unreadable

SHARED = '<sst xmlns="x"><si><r><t>Index </t></r><r><t>réel</t></r><rPh><t>no</t></rPh></si></sst>'


def test_cells_keep_their_column_and_their_type() -> None:
    sheet = (
        '<worksheet><sheetData><row><c r="B1" t="s"><v>0</v></c><c r="D1"><v>1.5</v></c></row></sheetData></worksheet>'
    )
    data = workbook({"Relevés": []}, parts={"xl/sharedStrings.xml": SHARED, "xl/worksheets/sheet1.xml": sheet})
    assert is_workbook(data)
    assert has_text(data, "Relevés")
    assert sheets(data) == [("Relevés", [[None, "Index réel", None, 1.5]])]


def test_a_formula_stays_its_text() -> None:
    assert sheets(workbook({"A": [['=HYPERLINK("http://x","12")', 12]]})) == [
        ("A", [['=HYPERLINK("http://x","12")', 12.0]])
    ]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"xl/media/bomb": bytes(MAX_INFLATED + 1)}, "too_heavy"),
        ({"xl/media/zeros": bytes(2_000_000)}, "too_heavy"),
        ({f"xl/part{rank}": "" for rank in range(300)}, "too_heavy"),
        (
            {
                "xl/worksheets/sheet1.xml": '<!DOCTYPE a [<!ENTITY b "c">]><worksheet><row><c>'
                "<v>&b;</v></c></row></worksheet>"
            },
            "other_shape",
        ),
        ({"xl/worksheets/sheet1.xml": "<worksheet><row>"}, "damaged"),
        ({"xl/worksheets/sheet1.xml": '<worksheet><row><c r="XFD1"/></row></worksheet>'}, "other_shape"),
        ({"xl/worksheets/sheet1.xml": '<worksheet><row><c t="s"><v>4</v></c></row></worksheet>'}, "other_shape"),
        ({"xl/_rels/workbook.xml.rels": "<Relationships/>"}, "other_shape"),
    ],
    ids=[
        "100 MB of zeros",
        "ratio",
        "parts",
        "entity",
        "truncated",
        "column 16,384",
        "string out of range",
        "no target",
    ],
)
def test_a_hostile_workbook_is_refused(parts: dict[str, str | bytes], code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        sheets(workbook({"A": [["x"]]}, parts=parts))
    assert refusal.value.code == code


def test_too_many_rows_are_refused() -> None:
    from vault.readers.files import workbook as module

    with pytest.raises(Unreadable) as refusal:
        sheets(workbook({"A": [[str(rank * 7919)] for rank in range(module.MAX_ROWS + 1)]}))
    assert refusal.value.code == "too_many"
