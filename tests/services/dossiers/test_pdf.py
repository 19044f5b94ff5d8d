"""The dossier's PDF: archivable, accessible, signed, reproducible, and safe with hostile text."""

import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from lxml import etree
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from weasyprint import CSS, HTML

from core.pdf.assets import Assets
from services.dossiers.pdf.build import Built, build
from services.dossiers.pdf.content import Box, PartWords, ValueGroup
from services.dossiers.pdf.render import gauge, unsealed
from services.dossiers.pdf.seal import NoSealKey, SealKey, make_key
from services.dossiers.pdf.watermark import Watermark
from tests.services.dossiers.samples import ROOT, SIZE, content, page, paper, value

pytestmark = pytest.mark.xdist_group("pdf")
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"
KNOWN_RULES = {"FRM-003"}  # pyHanko's field is outside the structure tree


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SealKey:
    path = tmp_path_factory.mktemp("seal") / "seal.p12"
    make_key(path, name="Ville de Villebrume (essai)")
    return SealKey(path)


@pytest.fixture(scope="module")
def built(key: SealKey) -> Built:
    return build(content(), key=key)


@pytest.fixture
def pdf(built: Built) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(built.pdf)) as opened:
        yield opened


def text_of(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n".join(document[number].get_textpage().get_text_bounded() for number in range(len(document)))


def test_metadata_declares_archive_and_accessibility_in_one_valid_block(pdf: pikepdf.Pdf) -> None:
    xmp = etree.fromstring(pdf.Root.Metadata.read_bytes())
    assert len(xmp.findall(RDF)) == 1
    with pdf.open_metadata() as metadata:
        assert metadata["pdfaid:part"] == "3"
        assert metadata["pdfaid:conformance"] == "A"
        assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert b"pdfaExtension:schemas" in pdf.Root.Metadata.read_bytes()


def test_it_is_tagged_french_and_coloured_by_a_profile(pdf: pikepdf.Pdf) -> None:
    assert str(pdf.Root.Lang) == "fr"
    assert pdf.Root.MarkInfo.Marked
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    assert pdf.Root.StructTreeRoot
    assert pdf.Root.OutputIntents[0].DestOutputProfile.read_bytes()


def test_pdf_has_no_active_content(pdf: pikepdf.Pdf) -> None:
    assert not pdf.is_encrypted
    keys = {name for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary) for name in list(thing.keys())}
    assert not keys & {"/JavaScript", "/JS", "/OpenAction", "/AA"}
    assert not [
        thing for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary) and thing.get("/S") == "/Launch"
    ]


def test_every_font_is_in_the_file(pdf: pikepdf.Pdf) -> None:
    fonts = [
        thing
        for thing in pdf.objects
        if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/FontDescriptor"
    ]
    assert fonts
    assert all("/FontFile2" in font or "/FontFile3" in font or "/FontFile" in font for font in fonts)


def test_no_image_is_smoothed_which_the_archive_format_forbids(pdf: pikepdf.Pdf) -> None:
    images = [
        thing for thing in pdf.objects if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"
    ]
    assert images
    assert not any(image.get("/Interpolate", False) for image in images)


def test_it_has_a_bookmark_for_each_part_and_each_paper(pdf: pikepdf.Pdf) -> None:
    with pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
        papers = [
            child.title for item in outline.root if item.title == "Les papiers joints" for child in item.children
        ]
    assert titles == [
        "Revenu de solidarité active",
        "Lettre de demande",
        "Identité et foyer",
        "Les valeurs et leur origine",
        "Le calcul",
        "Les papiers joints",
    ]
    assert "Avis d’impôt 2026" in papers


def test_the_first_page_reads_with_accents_ligatures_and_signs(built: Built) -> None:
    first = pypdfium2.PdfDocument(built.pdf)[0].get_textpage().get_text_bounded()
    assert "Élodie Łukasz-Nguyễn" in first
    assert "7KQ4-M2XD-93HT" in first
    whole = text_of(built.pdf)
    assert "cœur" in whole
    assert "412 €" in whole.replace("\u00a0", " ")


def test_the_data_travels_with_the_page(built: Built, pdf: pikepdf.Pdf) -> None:
    [attached] = pdf.Root.AF
    assert attached.AFRelationship == "/Data"
    data = attached.EF.F.read_bytes()
    assert hashlib.sha256(data).hexdigest() == built.data_hash
    document = json.loads(data)
    assert document["values"][0]["field"] == "fiscal.avis_ir#/revenu_fiscal_reference"
    assert document["recipient"] == "CAF de Villebrume"


def test_the_same_content_gives_the_same_bytes() -> None:
    assert unsealed(content()) == unsealed(content())


def test_it_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import django, hashlib; django.setup(); from services.dossiers.pdf.render import unsealed;"
        "from tests.services.dossiers.samples import content;"
        "print(hashlib.sha256(unsealed(content())[0]).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT, env=environment()
    )
    assert done.stdout.split()[-1] == hashlib.sha256(unsealed(content())[0]).hexdigest()


def environment() -> dict[str, str]:
    return os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test", "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"}


def test_the_seal_holds_and_allows_no_change(built: Built) -> None:
    [signature] = PdfFileReader(io.BytesIO(built.pdf)).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[]))
    assert status.intact
    assert status.valid
    assert status.coverage is not None
    assert status.coverage.name == "ENTIRE_FILE"
    assert signature.docmdp_level.name == "NO_CHANGES"
    assert "Cachet" in str(signature.sig_field["/TU"])


@pytest.mark.parametrize("position", [1200, -200_00, 0.5])
def test_one_flipped_byte_breaks_the_seal(built: Built, position: float) -> None:
    data = bytearray(built.pdf)
    data[int(position * len(data)) if isinstance(position, float) else position] ^= 1
    [signature] = PdfFileReader(io.BytesIO(bytes(data)), strict=False).embedded_signatures
    assert not validate_pdf_signature(signature, ValidationContext(trust_roots=[])).intact


def test_without_a_key_nothing_is_issued(tmp_path: Path) -> None:
    with pytest.raises(NoSealKey):
        build(content(), key=SealKey(tmp_path / "none.p12"))


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "seal.p12"
    make_key(path, name="Ville")
    first = path.read_bytes()
    make_key(path, name="Ville")
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="pdfsig (poppler-utils) is not here")
def test_poppler_finds_the_signature_valid(built: Built, tmp_path: Path) -> None:
    (tmp_path / "d.pdf").write_bytes(built.pdf)
    report = subprocess.run(
        ["pdfsig", "-nssdir", str(tmp_path), str(tmp_path / "d.pdf")], capture_output=True, text=True, check=False
    ).stdout
    assert "Signature is Valid" in report
    assert "Total document signed" in report


@pytest.mark.skipif(not shutil.which("qpdf"), reason="qpdf is not here")
def test_qpdf_finds_no_fault(built: Built, tmp_path: Path) -> None:
    (tmp_path / "d.pdf").write_bytes(built.pdf)
    subprocess.run(["qpdf", "--check", str(tmp_path / "d.pdf")], capture_output=True, check=True)


def test_outloud_finds_nothing_but_the_known_fault_of_the_seal(built: Built, tmp_path: Path) -> None:
    (tmp_path / "d.pdf").write_bytes(built.pdf)
    report = tmp_path / "report.json"
    tool = Path(sys.executable).with_name("outloud")
    subprocess.run([tool, "-q", "--json", str(report), str(tmp_path / "d.pdf")], capture_output=True, check=False)
    found = json.loads(report.read_text())
    errors = {finding["rule"] for finding in found["results"][0]["findings"] if finding["severity"] == "error"}
    assert errors == KNOWN_RULES


HOSTILE = (
    '<script>alert(1)</script><img src="file:///etc/passwd"><link rel="attachment" href="file:///etc/passwd">'
    '<img src="http://127.0.0.1:9/x"><style>@import url(http://127.0.0.1:9/y)</style>'
    "{{ settings.SECRET_KEY }}{% load x %}"
)


def test_hostile_text_is_printed_and_never_interpreted(key: SealKey, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    find = Assets._find

    def noted(assets: Assets, url: str) -> tuple[bytes, str]:
        asked.append(url)
        return find(assets, url)

    monkeypatch.setattr(Assets, "_find", noted)
    hostile = content(
        applicant=HOSTILE,
        title=HOSTILE,
        letter=HOSTILE,
        purpose=HOSTILE,
        groups=[ValueGroup(HOSTILE, [value(1, text=HOSTILE, origin=HOSTILE, label=HOSTILE)])],
        papers=[paper(title=HOSTILE)],
        left_out=[HOSTILE],
    )
    data = build(hostile, key=key).pdf
    assert all(url.startswith("asset:") for url in asked)
    with pikepdf.open(io.BytesIO(data)) as opened:
        assert len(opened.Root.AF) == 1
        attached = opened.Root.AF[0].EF.F.read_bytes()
    assert b"root:" not in data + attached
    assert "<script>alert(1)</script>" in text_of(data)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://127.0.0.1:9/", "https://example.org/", "data:text/plain,x", "asset:../assets.py"],
)
def test_the_fetcher_opens_nothing_but_the_dossiers_own_files(url: str) -> None:
    with pytest.raises(ValueError):
        Assets({}).fetch(url)
    links = f'<link rel="attachment" href="{url}"><link rel="stylesheet" href="{url}">'
    html = f'<html lang="fr">{links}<img src="{url}" alt="x">'
    data = HTML(string=html, url_fetcher=Assets({})).write_pdf(
        stylesheets=[CSS(string="p{}", url_fetcher=Assets({}))], pdf_variant="pdf/a-3a"
    )
    assert b"EmbeddedFile" not in data


def darkness(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Count the pixels that are not white."""
    return sum(image.convert("L").crop(box).histogram()[:235])


def test_the_mark_is_in_the_pixels_everywhere_but_on_the_code() -> None:
    blank = page(text="")
    clear = Box(400, 40, 560, 200)
    stamped = Watermark("Réservé à : CAF de Villebrume. Pour : RSA.").stamp(page(clear=(clear,), text=""))
    image = Image.open(io.BytesIO(stamped.jpeg))
    before = Image.open(io.BytesIO(blank.jpeg))
    for left in range(0, 620 - 155, 155):
        for top in range(240, 877 - 200, 200):
            box = (left, top, left + 155, top + 200)
            assert darkness(image, box) > darkness(before, box) + 200
    inner = (clear.left + 8, clear.top + 8, clear.right - 8, clear.bottom - 8)
    assert darkness(image, inner) == 0


def test_a_code_as_large_as_the_page_is_marked_like_the_rest() -> None:
    stamped = Watermark("Réservé à : CAF de Villebrume.").stamp(page(clear=(Box(0, 0, *SIZE),), text=""))
    assert darkness(Image.open(io.BytesIO(stamped.jpeg)), (0, 0, *SIZE)) > 5000


def test_a_mask_is_drawn_once_for_each_page_size(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    draw = Watermark._draw

    def noted(mark: Watermark, size: tuple[int, int]) -> Image.Image:
        drawn.append(size)
        return draw(mark, size)

    monkeypatch.setattr(Watermark, "_draw", noted)
    mark = Watermark("Pour : RSA")
    for size in [(620, 877), (620, 877), (877, 620), (620, 877)]:
        mark.stamp(page(size=size))
    assert drawn == [(620, 877), (877, 620)]


def test_a_page_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.dossiers.pdf.watermark.MAX_PIXELS", 1000)
    with pytest.raises(ValueError, match="too large"):
        Watermark("x").stamp(page())


def test_long_contents_leave_the_cover_and_every_entry_has_its_page(key: SealKey) -> None:
    many = content(papers=[paper(f"Papier {number}", (page(),)) for number in range(1, 9)])
    data = build(many, key=key).pdf
    document = pypdfium2.PdfDocument(data)
    assert "Dans ce dossier" not in document[0].get_textpage().get_text_bounded()
    assert "Papier 8" in document[1].get_textpage().get_text_bounded()


def test_each_part_of_a_couples_dossier_says_which_it_is_and_leaves_the_cover_its_room(key: SealKey) -> None:
    words = PartWords(2, "C’est la part d’Élodie dans le dossier d’Awa, qui arrive séparément.")
    data = build(
        content(part=words, papers=[paper(f"Papier {number}", (page(),)) for number in range(1, 4)]), key=key
    ).pdf
    first = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded().replace("\u00a0", " ")
    assert "Dossier n° 2026-K7QM4, partie 2 sur 2" in first and "Part de Élodie" in first
    assert "dans le dossier d’Awa" in " ".join(first.split())
    assert "Dans ce dossier" not in first


def test_progress_can_stop_the_work(key: SealKey) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        build(content(), key=key, progress=stop)


@pytest.mark.parametrize(
    ("amount", "limit", "drawn"),
    [(526, 650, True), (900, 650, True), (0, 650, True), (None, 650, False), (5, 0, False), (-1, 5, False)],
)
def test_a_bar_is_drawn_only_when_two_figures_compare(amount: float | None, limit: float, drawn: bool) -> None:
    reason = dataclasses.replace(content().computations[0].reasons[0], amount=amount, limit=limit)
    found = gauge(reason)
    assert (found is not None) == drawn
    if found is not None:
        assert 0 <= found.bar <= 636
        assert 0 <= found.limit <= 640
