"""The two home-made blanks, filled: against golden images, in a second viewer, and clean."""

import io
import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pikepdf
import pymupdf
import pytest
from PIL import Image, ImageChops, ImageFilter

from services.official_forms import drawing, filling
from services.official_forms.drawing import CannotDraw, draw
from services.official_forms.filling import Filled, Filling
from services.official_forms.pdf import blank
from tests.services.official_forms.made import FIELDED, FLAT, NAME, TALK, blank_of, filled, mapped, sha256
from vault.readers import Unreadable, sandbox

pytestmark = pytest.mark.xdist_group("drawing")
GOLDEN = Path(__file__).with_name("golden")
#: The most that a blurred point may differ. Another rasteriser moves edges by a third of a point: 45 at most. A text
#: that moved by a millimetre differs by 120.
TOLERANCE = 60


@pytest.fixture(scope="module", params=["fields", "flat"])
def made(request):
    content = {"fields": FIELDED, "flat": FLAT}[request.param]
    return request.param, content, draw(blank_of(content), filled(mapped(content)))


def picture(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("L")


def gap(one: Image.Image, other: Image.Image) -> int:
    """Return how much two pages differ at most, once blurred."""
    assert abs(one.width - other.width) <= 1 and abs(one.height - other.height) <= 1
    blurred = [image.resize(other.size).filter(ImageFilter.GaussianBlur(1.2)) for image in (one, other)]
    _least, most = ImageChops.difference(*blurred).getextrema()
    assert isinstance(most, int)
    return most


def test_a_filled_form_is_as_its_golden_image(made):
    name, _content, drawn = made
    (jpeg,) = drawn.images()
    file = GOLDEN / f"{name}.png"
    if os.environ.get("GOLDEN") == "write":
        picture(jpeg).quantize(16).save(file)
    assert gap(picture(jpeg), Image.open(file).convert("L")) < TOLERANCE


@pytest.mark.parametrize("name", ["nom", "naissance", "enfant"])
def test_the_comparison_fails_when_a_field_moves_by_a_millimetre(name):
    mapping = mapped(FLAT)
    moved = [
        replace(
            line,
            rows=tuple(
                tuple(replace(place, box=replace(place.box, left=place.box.left + 100)) for place in row)
                for row in line.rows
            ),
        )
        if line.name == name
        else line
        for line in mapping.lines
    ]
    (jpeg,) = draw(blank_of(FLAT), filled(replace(mapping, lines=tuple(moved)))).images()
    assert gap(picture(jpeg), Image.open(GOLDEN / "flat.png").convert("L")) > TOLERANCE


def test_the_comparison_fails_when_an_accent_is_lost():
    (jpeg,) = draw(blank_of(FLAT), filled(mapped(FLAT), nom="Eleonore Aegir-Celik")).images()
    assert gap(picture(jpeg), Image.open(GOLDEN / "flat.png").convert("L")) > TOLERANCE


def test_another_viewer_shows_the_same_letters(made):
    """MuPDF draws fields by their appearances, as Acrobat does."""
    name, _content, drawn = made
    page = pymupdf.open(stream=drawn.pdf)[0]
    shown = page.get_pixmap(dpi=drawing.SCREEN_DPI)
    image = Image.frombytes("RGB", (shown.width, shown.height), shown.samples).convert("L")
    assert gap(image, Image.open(GOLDEN / f"{name}.png").convert("L")) < TOLERANCE


def test_the_texts_can_be_read_by_a_machine(made):
    name, _content, drawn = made
    page = pymupdf.open(stream=drawn.flat)[0]
    words = " ".join(page.get_text().split())
    assert NAME in words and "L’Haÿ-les-Roses" in words and words.count("Zoë") == 2
    if name == "fields":
        said = {one.field_name: one.field_value for one in pymupdf.open(stream=drawn.pdf)[0].widgets()}
        assert said["identite.nom"] == NAME and said["motif"] == TALK and said["identite.naissance"] == "07031987"
        assert "Locataire" in {said["logement"]} | {
            one.field_value for one in pymupdf.open(stream=drawn.pdf)[0].widgets()
        }


def test_nothing_that_runs_or_forbids_stays():
    """The blank has each trap; no copy has one, nor the bytes of one."""
    pdf = pikepdf.open(io.BytesIO(FIELDED))
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('sesame')")
    root = pdf.Root
    root.OpenAction, root.AA = script, pikepdf.Dictionary(WC=script)
    root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["x", pdf.make_indirect(script)]))
    root.Perms = pikepdf.Dictionary(UR3=pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Sig, Note="sesame")))
    root.AcroForm.XFA = pdf.make_stream(b"<xdp>sesame</xdp>")
    root.AcroForm.SigFlags = 3
    pdf.attachments["sesame.txt"] = b"sesame"
    page = pdf.pages[0].obj
    page.AA = pikepdf.Dictionary(O=script)
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="sesame.exe")
    rect = pikepdf.Array([0, 0, 9, 9])
    page.Annots.append(pdf.make_indirect(pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=rect, A=launch)))
    page.Annots.append(pdf.make_indirect(pikepdf.Dictionary(Subtype=pikepdf.Name.FileAttachment, Rect=rect)))
    assert drawing.look(saved(pdf))["removed"] == ["files", "rights", "scripts", "xfa"]
    assert_clean(saved(pdf))


def saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def assert_clean(trapped: bytes) -> None:
    drawn = draw(blank_of(trapped), Filling([], []))
    for content in (drawn.pdf, drawn.flat):
        plain = pikepdf.open(io.BytesIO(content))
        text = "".join(repr(one) for one in plain.objects)
        for trap in ("sesame", "JavaScript", "/XFA", "/UR3", "/AA", "/OpenAction", "Launch", "FileAttachment"):
            assert trap not in text, trap
        for one in plain.objects:
            if isinstance(one, pikepdf.Stream):
                assert b"sesame" not in one.read_bytes()


def bookmark(pdf, script):
    item = pdf.make_indirect(pikepdf.Dictionary(Title="Haut", A=script))
    pdf.Root.Outlines = pikepdf.Dictionary(First=item, Last=item, Count=1)
    return "scripts"


def field_without_a_place(pdf, script):
    field = pikepdf.Dictionary(T="total", FT=pikepdf.Name.Tx, AA=pikepdf.Dictionary(C=script))
    pdf.Root.AcroForm.Fields.append(pdf.make_indirect(field))
    return "scripts"


def signature(pdf, script):
    value = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents="sesame"))
    field = pikepdf.Dictionary(Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Sig, T="visa", V=value, Rect=[0, 0, 9, 9])
    made = pdf.make_indirect(field)
    pdf.Root.AcroForm.Fields.append(made)
    pdf.pages[0].obj.Annots.append(made)
    return "rights"


def file_of_the_structure(pdf, script):
    file = pikepdf.Dictionary(Type=pikepdf.Name.Filespec, EF=pikepdf.Dictionary(F=pdf.make_stream(b"sesame")))
    note = pikepdf.Dictionary(Subtype=pikepdf.Name.FileAttachment, Rect=[0, 0, 9, 9], FS=file, Contents="sesame")
    made = pdf.make_indirect(note)
    pdf.pages[0].obj.Annots.append(made)
    pdf.Root.StructTreeRoot = pikepdf.Dictionary(K=pikepdf.Dictionary(K=pikepdf.Dictionary(Obj=made)))
    return "files"


@pytest.mark.parametrize("hide", [bookmark, field_without_a_place, signature, file_of_the_structure])
def test_nothing_that_runs_signs_or_hides_stays_outside_the_pages(hide):
    pdf = pikepdf.open(io.BytesIO(FIELDED))
    code = hide(pdf, pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('sesame')"))
    assert code in drawing.look(saved(pdf))["removed"]
    assert_clean(saved(pdf))


def test_the_copy_keeps_its_fields_and_asks_no_viewer_to_draw_them_again():
    drawn = draw(blank_of(FIELDED), filled(mapped(FIELDED)))
    opened = pikepdf.open(io.BytesIO(drawn.pdf))
    form = opened.Root.AcroForm
    assert "/NeedAppearances" not in form and len(form.Fields) == 5
    flat = pikepdf.open(io.BytesIO(drawn.flat))
    assert "/AcroForm" not in flat.Root


def test_a_text_that_does_not_fit_is_refused_and_named():
    mapping = mapped(FLAT)
    with pytest.raises(CannotDraw, match="Nom.*ne tient pas") as refusal:
        draw(blank_of(FLAT), filled(mapping, nom=NAME * 4))
    assert refusal.value.line is mapping.lines[0]
    with pytest.raises(CannotDraw, match="Motif.*ne tient pas"):
        draw(blank_of(FLAT), filled(mapping, motif=TALK * 9))
    with pytest.raises(CannotDraw, match="Date de naissance.*ne tient pas"):
        draw(blank_of(FLAT), filled(mapping, naissance="070319870"))


def test_a_letter_that_the_font_lacks_is_refused_and_named():
    with pytest.raises(CannotDraw, match="Nom.*漢"):
        draw(blank_of(FLAT), filled(mapped(FLAT), nom="漢"))


def test_a_text_is_never_markup():
    drawn = draw(blank_of(FLAT), filled(mapped(FLAT), nom="<b>A</b> & {{ x }}"))
    assert "<b>A</b> & {{ x }}" in pymupdf.open(stream=drawn.flat)[0].get_text()


def test_a_blank_that_was_changed_in_the_database_is_refused():
    with pytest.raises(CannotDraw, match="n’est plus celui"):
        draw(replace(blank_of(FLAT), sha256=sha256(FIELDED)), Filling([], []))


def locked() -> bytes:
    out = io.BytesIO()
    # Without a password to open it: only a change is forbidden.
    pikepdf.open(io.BytesIO(FLAT)).save(out, encryption=pikepdf.Encryption(owner="owner", user=""))
    return out.getvalue()


def long(pages: int) -> bytes:
    pdf, out = pikepdf.new(), io.BytesIO()
    for _page in range(pages):
        pdf.add_blank_page()
    pdf.save(out)
    return out.getvalue()


def turned() -> bytes:
    pdf, out = pikepdf.open(io.BytesIO(FLAT)), io.BytesIO()
    pdf.pages[0].obj.Rotate = 90
    pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (locked, "protégé ou chiffré"),
        (lambda: long(500), "plus de 20 pages"),
        (turned, "tournée"),
        (lambda: b"%PDF-1.7\n" + b"x" * 300, "abîmé"),
        (lambda: b"", "abîmé"),
        (lambda: FLAT[: len(FLAT) // 2], "abîmé"),
    ],
    ids=["locked", "500 pages", "turned", "damaged", "empty", "cut"],
)
def test_a_bad_blank_is_refused_in_a_sentence(content, said):
    with pytest.raises(CannotDraw, match=said):
        drawing.look(content())


def test_a_field_whose_name_no_database_holds_is_refused():
    pdf = pikepdf.open(io.BytesIO(FIELDED))
    pdf.pages[0].obj.Annots[-1].T = pikepdf.String("a\0b")
    with pytest.raises(CannotDraw, match="abîmé"):
        drawing.look(saved(pdf))


@pytest.mark.parametrize(
    "answer", [b'{"bytes": "x"}', b'{"bytes": 2, "filled": "x"}', b'{"bytes": 2}', b'{"bytes": 2, "filled": 9}']
)
def test_what_a_child_that_was_taken_over_answers_is_a_refusal(answer, monkeypatch):
    @contextmanager
    def process(*_asked, **_options):
        yield io.BytesIO(answer + b"\nab")

    monkeypatch.setattr(sandbox, "_process", process)
    with pytest.raises(CannotDraw):
        draw(blank_of(FLAT), Filling([], []))


def test_a_form_with_many_fields_is_refused(monkeypatch):
    monkeypatch.setattr(blank, "MAX_WIDGETS", 6)
    with pytest.raises(Unreadable) as refusal:
        blank.look(FIELDED)
    assert refusal.value.code == "form_widgets"


def test_a_bomb_does_not_take_the_machine():
    """A page that inflates to 300 MB, under the child's limits."""
    pdf, out = pikepdf.open(io.BytesIO(FLAT)), io.BytesIO()
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], Bomb=pdf.make_stream(b"0" * 300_000_000))
    pdf.save(out)
    assert len(out.getvalue()) < 1_000_000
    try:
        draw(blank_of(out.getvalue()), Filling([], []))
    except CannotDraw as refusal:
        assert str(refusal)


def test_an_example_is_in_each_place():
    mapping = mapped(FLAT)
    shown = filling.sample(mapping).filled
    assert [(one.line.name, one.row) for one in shown] == [
        ("nom", 0),
        ("naissance", 0),
        ("motif", 0),
        ("locataire", 0),
        ("enfant", 0),
        ("enfant", 1),
    ]
    assert isinstance(shown[0], Filled)
    plain, framed = (draw(blank_of(FLAT), Filling(shown, []), framed=framed).images()[0] for framed in (False, True))
    assert gap(picture(plain), picture(framed)) > 30, "no frame is drawn"
