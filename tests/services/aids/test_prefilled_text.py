"""The amounts of a declaration in the text of its page, and in a photo of it."""

import io
import warnings
from decimal import Decimal

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.aids.prefilled.reading import amounts_in
from vault.readers import Unreadable, sandbox
from vault.readers.files import letters

MONTH = "2025-11"
EURO = "\u20ac"
LINES = (
    "Votre déclaration trimestrielle",
    "Juillet 2025",
    f"Mairie de Villebrume     1 234,56 {EURO}",
    f"Crèche des Lilas     300,50 {EURO}",
    f"Total     1 535,06 {EURO}",
    "Août 2025",
    f"Mairie de Villebrume     980,00 {EURO}",
    "Septembre 2025",
    f"Mairie de Villebrume     0,00 {EURO}",
)


def euros(**found):
    return {f"2025-{month[1:]}": [Decimal(one) for one in amounts] for month, amounts in found.items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Juillet 2025 : 1 234,56 €\nAoût 2025 980 euros", euros(m07=["1234.56"], m08=["980.00"])),
        ("\n".join(LINES), euros(m07=["1535.06"], m08=["980.00"], m09=["0.00"])),
        (
            "Juillet  Août  Septembre\nSalaires 1 200,00 € 1.180,00 € 0,00 €\nChômage 0 € 20 € 300 €",
            euros(m07=["1200.00"], m08=["1200.00"], m09=["300.00"]),
        ),
        ("Vous\njuillet 1200 €\nSami\njuillet 100 €", euros(m07=["1200.00", "100.00"])),
        ("Juillet 2024 900 €\nNovembre 2025 55 €", {}),
        ("Juillet : à compléter\nDossier 1234567, page 2 sur 3, le 12.08.2025", {}),
        ("", {}),
    ],
    ids=["lines", "headings", "table", "couple", "other months", "no amount", "nothing"],
)
def test_amounts_are_read_beside_or_below_their_months(text, found):
    assert amounts_in(text, MONTH) == found


def photo(turned=0.0, blurred=0.0):
    """Return a photo of the page, a little turned and blurred, as a phone takes it."""
    font = ImageFont.truetype("DejaVuSans.ttf", 38)
    page = Image.new("RGB", (1240, 1000), "white")
    draw = ImageDraw.Draw(page)
    for rank, line in enumerate(LINES):
        draw.text((80, 60 + 90 * rank), line, font=font, fill="#202020")
    taken = page.rotate(turned, Image.Resampling.BICUBIC, expand=True, fillcolor="#d8d4cc")
    held = io.BytesIO()
    taken.filter(ImageFilter.GaussianBlur(blurred)).save(held, "JPEG", quality=80)
    return held.getvalue()


@pytest.fixture
def tesseract():
    if not letters.can_read():
        warnings.warn("NO TESSERACT ON THIS MACHINE: no photo was read", stacklevel=1)
        pytest.skip("no Tesseract on this machine")


@pytest.mark.usefixtures("tesseract")
@pytest.mark.parametrize(("turned", "blurred"), [(0.0, 0.0), (2.0, 1.0)])
def test_a_photo_gives_its_amounts(turned, blurred):
    text = sandbox.text(io.BytesIO(photo(turned, blurred)))
    assert amounts_in(text, MONTH) == euros(m07=["1535.06"], m08=["980.00"], m09=["0.00"])


@pytest.mark.parametrize("sent", [b"", b"no paper", b"%PDF-1.7 cut", b"\xff\xd8\xff\xe0 cut"])
def test_a_broken_file_is_refused(sent):
    with pytest.raises(Unreadable):
        sandbox.text(io.BytesIO(sent))
