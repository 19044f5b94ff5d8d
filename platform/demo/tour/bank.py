"""A step of the tour: adding a fictional bank's file, first as totals, then as records."""

from collections.abc import Iterator
from datetime import date

from demo.people import vaults
from demo.people.events import Calendar
from demo.tour.visitor import FileToSend, Unexpected, Visitor

WHO = "nadia"
ACCOUNT = "<BANKID>00042<BRANCHID>00420<ACCTID>00000000042<ACCTTYPE>CHECKING"
HEAD = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n\n"
#: Shown by the page: three months of rent, groceries, wages and benefits.
MONTHS = 3


def add_a_bank_file(visitor: Visitor, today: date) -> str:
    """Add the file as Nadia, who must be signed in, and say that it is her own. Adding it again adds no record."""
    form_page = visitor.open("/coffre/ajouter/")
    file = FileToSend("operations.ofx", "application/x-ofx", ofx(today))
    totals = visitor.wait_for_job(visitor.submit(form_page, form_page.form("file"), files={"file": file}))
    count = len(list(operations(today)))
    if f"{count} opérations, de " not in totals.text or not totals.tree.xpath("//main//svg"):
        raise Unexpected(f"{totals.path}: no sums by month: {totals.text[:300]}")
    form = totals.form("person")
    kept = visitor.wait_for_job(visitor.submit(totals, form, {"person": form.inputs["person"].value_options[0]}))
    if "nouvelles sont rangées" not in kept.text and "étaient déjà là" not in kept.text:
        raise Unexpected(f"{kept.path}: the operations were not kept: {kept.text[:300]}")
    page = visitor.open("/coffre/tout/banque.operation/")
    if "Banque" not in page.text:
        raise Unexpected(f"{page.path}: its origin is missing: {page.text[:300]}")
    return f"{count} operations over {MONTHS} months, shown in sum, kept with one confirmation"


def operations(today: date) -> Iterator[tuple[date, str, str]]:
    """Yield day, amount and label: the monthly amounts of Nadia's story, and her groceries."""
    story = vaults.stories(today)[WHO]
    rent = float(story.housing["loyer"]) + float(story.housing["charges"])
    for month in Calendar(today).months(MONTHS, 1):
        day = date.fromisoformat(f"{month}-01")
        yield day.replace(day=3), f"-{rent:.2f}", "PRLV VILLEBRUME HABITAT"
        yield day.replace(day=5), "438.00", "VIR CAF DE VILLEBRUME"
        yield day.replace(day=12), "-46.80", "CB EPICERIE DES QUAIS"
        yield day.replace(day=12), "-46.80", "CB EPICERIE DES QUAIS"
        yield day.replace(day=28), "1180.00", "VIR ATELIERS DU LAVOIR"


def ofx(today: date) -> bytes:
    """Write OFX 1, as French banks still do: unclosed tags, a comma before the cents, the old Windows encoding."""
    rows = list(operations(today))
    listed = "".join(
        f"<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{day:%Y%m%d}\n<TRNAMT>{amount.replace('.', ',')}\n"
        f"<FITID>{rank}\n<NAME>{label}\n</STMTTRN>\n"
        for rank, (day, amount, label) in enumerate(rows, 1)
    )
    balance = f"<LEDGERBAL><BALAMT>812,40<DTASOF>{rows[-1][0]:%Y%m%d}</LEDGERBAL>"
    account = f"<CURDEF>EUR<BANKACCTFROM>{ACCOUNT}</BANKACCTFROM>"
    statement = f"<STMTRS>{account}<BANKTRANLIST>\n{listed}</BANKTRANLIST>{balance}</STMTRS>"
    return f"{HEAD}<OFX><BANKMSGSRSV1><STMTTRNRS>{statement}</STMTTRNRS></BANKMSGSRSV1></OFX>\n".encode("cp1252")
