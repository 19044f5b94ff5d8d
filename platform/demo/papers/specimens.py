"""Papers of fictional residents. The same arguments give the same bytes, and each page is marked as a specimen.

The tax notice has a real 2D-Doc (type 28), signed by the demonstration's own test authority (signing.py).
"""

import base64
import io
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import zxingcpp
from django.template.loader import render_to_string
from django.utils import translation
from PIL import Image
from weasyprint import CSS, HTML
from weasyprint.urls import URLFetcher

from demo.papers import signing

STYLE = Path(__file__).with_name("specimens.css")
PHOTO_DPI = 200
TABLE = (225, 221, 214)


@dataclass(frozen=True)
class Holder:
    """The owner of a paper. `number` is a tax number of 13 digits; a first digit 0 makes it nobody's."""

    family_name: str
    given_name: str
    title: str = "M."
    number: str = "0000000000000"

    @property
    def name(self) -> str:
        return f"{self.title} {self.family_name.upper()} {self.given_name}"

    @property
    def signed_name(self) -> str:
        return signing.plain(f"{self.family_name} {self.given_name}")


@dataclass(frozen=True)
class Home:
    street: str
    postcode: str = "00420"
    town: str = "VILLEBRUME"


def tax_notice(
    *,
    declarants: Sequence[Holder],
    home: Home,
    income_year: int,
    income: int,
    parts: Decimal,
    issued_on: date,
    tax: int = 0,
    withheld: int = 0,
    dependants: int = 0,
    situation: str = "Célibataire",
    reference: str = "0000000000000",
    printed_income: int | None = None,
) -> bytes:
    """Make a tax notice. `printed_income` prints another value than the code signs, as a forger would."""
    left = max(tax - withheld, 0)
    code = notice_code(
        declarants=declarants, home=home, income_year=income_year, income=income, parts=parts, issued_on=issued_on,
        tax=tax, withheld=withheld, reference=reference,
    )  # fmt: skip
    return _pdf(
        "tax_notice",
        declarants=declarants,
        home=home,
        income_year=income_year,
        income=whole(income if printed_income is None else printed_income),
        parts=comma(parts),
        issued_on=issued_on,
        tax=whole(tax),
        withheld=whole(withheld),
        left=whole(left),
        situation=situation,
        dependants=dependants,
        reference=reference,
        code=data_matrix(code),
    )


def notice_code(
    *,
    declarants: Sequence[Holder],
    home: Home,
    income_year: int,
    income: int,
    parts: Decimal,
    issued_on: date,
    tax: int = 0,
    withheld: int = 0,
    reference: str = "0000000000000",
) -> str:
    """Return the signed text of a notice's code, in the specification's order."""
    first, *others = declarants
    second = {"48": others[0].signed_name, "49": others[0].number} if others else {}
    values = {
        "43": comma(parts),
        "44": reference,
        "45": str(income_year),
        "46": first.signed_name,
        "47": first.number,
        **second,
        "41": str(income),
        "4A": issued_on.strftime("%d%m%Y"),
        "4V": str(tax),
        "4W": str(max(tax - withheld, 0)),
        "4X": str(withheld),
        "4Y": signing.plain(f"{home.street} {home.postcode} {home.town}"),
    }
    return signing.sign("28", values, signed_on=issued_on)


def payslip(
    *,
    person: Holder,
    home: Home,
    employer: str,
    month: date,
    gross: Decimal,
    net: Decimal,
    net_social: Decimal,
    taxable: Decimal,
    hours: Decimal = Decimal("151.67"),
    job: str = "Employé·e",
    siret: str = "00000000000000",
) -> bytes:
    amounts = {
        "gross": gross,
        "contributions": gross - net,
        "net": net,
        "net_social": net_social,
        "taxable": taxable,
        "hours": hours,
    }
    shown = {name: cents(amount) for name, amount in amounts.items()}
    return _pdf("payslip", name=person.name, home=home, employer=employer, month=month, job=job, siret=siret, **shown)


def benefits_statement(
    *,
    person: Holder,
    home: Home,
    month: date,
    issued_on: date,
    lines: Sequence[tuple[str, Decimal]],
    quotient: int,
    children: Sequence[str] = (),
    number: str = "0000000",
) -> bytes:
    """Make CAF's « attestation de paiement et de quotient familial », which has no 2D-Doc in reality either."""
    rows = [{"label": label, "amount": cents(amount)} for label, amount in lines]
    total = cents(sum((amount for _, amount in lines), Decimal()))
    return _pdf(
        "benefits", name=person.name, home=home, month=month, issued_on=issued_on, lines=rows, total=total,
        quotient=whole(quotient), children=", ".join(children), number=number,
    )  # fmt: skip


def rent_receipt(
    *,
    person: Holder,
    home: Home,
    landlord: str,
    month: date,
    rent: Decimal,
    charges: Decimal,
    paid_on: date | None = None,
) -> bytes:
    end = month.replace(day=monthrange(month.year, month.month)[1])
    amounts = {"rent": rent, "charges": charges, "total": rent + charges}
    shown = {name: cents(amount) for name, amount in amounts.items()}
    return _pdf(
        "rent_receipt", name=person.name, home=home, landlord=landlord, month=month, month_end=end,
        paid_on=paid_on or month, **shown
    )  # fmt: skip


def bank_details(
    *, person: Holder, home: Home, account: str, bank: str = "Banque fictive de Villebrume", bic: str = "VILBFR00XXX"
) -> bytes:
    number = iban(account)
    return _pdf(
        "bank_details",
        name=person.name,
        home=home,
        iban=" ".join(number[i : i + 4] for i in range(0, 27, 4)),
        bic=bic,
        bank=bank,
    )


def identity_card(*, person: Holder, birthdate: date, sex: str, expires_on: date, number: str = "X0X0X0X00") -> bytes:
    """Make an identity card as a JPEG, like a photo of one."""
    names = {"family_name": person.family_name.upper(), "given_name": person.given_name}
    card = _pdf("identity_card", birthdate=birthdate, sex=sex, expires_on=expires_on, number=number, **names)
    return as_photo(card)


def iban(account: str) -> str:
    """Return a French IBAN with valid check digits and the bank code 00000, which no bank has."""
    bban = f"0000000000{account:0>11}00"
    digits = "".join(str(int(letter, 36)) for letter in f"{bban}FR00")
    return f"FR{98 - int(digits) % 97:02d}{bban}"


def as_photo(pdf: bytes, *, tilt: float = 1.2, quality: int = 85) -> bytes:
    """Photograph the first page, slightly tilted on a table."""
    document = pdfium.PdfDocument(pdf)
    page = document[0].render(scale=PHOTO_DPI / 72).to_pil().convert("RGB")
    document.close()
    photo = page.rotate(tilt, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=quality)
    return out.getvalue()


def data_matrix(code: str) -> str:
    """Return the code drawn as an SVG, in a data URL."""
    barcode = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.DataMatrix)
    return "data:image/svg+xml;base64," + base64.b64encode(barcode.to_svg(scale=1).encode()).decode("ascii")


def whole(amount: int) -> str:
    return f"{amount:,}".replace(",", "\u00a0")


def cents(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


def comma(number: Decimal) -> str:
    """Format a number in French: `2.50` -> `2,5`."""
    return f"{number.normalize():f}".replace(".", ",")


def _pdf(template: str, **context: Any) -> bytes:
    with translation.override("fr"):
        return _drawn(render_to_string(f"papers/{template}.html", context))


def _drawn(page: str) -> bytes:
    fetcher = URLFetcher(allowed_protocols=["data"])
    made: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(stylesheets=[_style()], pdf_identifier=b"specimen")
    return made


@cache
def _style() -> CSS:
    return CSS(filename=str(STYLE))
