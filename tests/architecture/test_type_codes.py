"""The code asks a type for its rules: it names few types by their codes."""

from ops import type_codes

MOST = 100


def test_few_type_codes_are_written_outside_the_types():
    counts = type_codes.counts()
    assert sum(counts.values()) <= MOST, counts


def test_codes_and_field_ids_are_counted(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        'A = "fiscal.avis_ir"\nB = f"fiscal.avis_ir#/{A}"\nC = "fiscal.avis_ir2"\n"""About fiscal.avis_ir."""\n'
    )
    assert list(type_codes._codes(path, {"fiscal.avis_ir"})) == ["fiscal.avis_ir", "fiscal.avis_ir#/"]
