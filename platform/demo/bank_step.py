"""A step of the tour: the file of a bank that does not exist, looked at in sum, then kept whole."""

from collections.abc import Iterator
from datetime import date

from demo import vaults
from demo.vaults import Calendar
from demo.visitor import FileToSend, Unexpected, Visitor

WHO = "nadia"
ACCOUNT = "<BANKID>00042<BRANCHID>00420<ACCTID>00000000042<ACCTTYPE>CHECKING"
HEAD = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n\n"
#: Shown by the page: the three months' rent and groceries, wages and benefits.
MONTHS = 3


def add_a_bank_file(visitor: Visitor, today: date) -> str:
    """The visitor is signed in as Nadia, who says that it is hers and not her children's. Added again, the same file adds nothing."""
    form_page = visitor.open("/coffre/ajouter/")
    file = FileToSend("operations.ofx", "application/x-ofx", ofx(today))
    seen = visitor.wait_for_job(visitor.submit(form_page, form_page.form("file"), files={"file": file}))
    count = len(list(operations(today)))
    if f"{count} opérations, de " not in seen.text or not seen.tree.xpath("//main//svg"):
        raise Unexpected(f"{seen.path}: no sums by month: {seen.text[:300]}")
    form = seen.form("person")
    kept = visitor.wait_for_job(visitor.submit(seen, form, {"person": form.inputs["person"].value_options[0]}))
    if "nouvelles sont rangées" not in kept.text and "étaient déjà là" not in kept.text:
        raise Unexpected(f"{kept.path}: the operations were not kept: {kept.text[:300]}")
    page = visitor.open("/coffre/tout/banque.operation/")
    if "Banque" not in page.text:
        raise Unexpected(f"{page.path}: its origin is not told: {page.text[:300]}")
    return f"{count} operations over {MONTHS} months, told in sum, kept with one confirmation"


def operations(today: date) -> Iterator[tuple[date, str, str]]:
    """Day, amount, label: what Nadia's story says of each month, and her groceries."""
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
    """Version 1, as French banks still give it: tags that nothing closes, a comma before the cents, the old Windows page."""
    told = list(operations(today))
    listed = "".join(
        f"<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{day:%Y%m%d}\n<TRNAMT>{amount.replace('.', ',')}\n<FITID>{rank}\n<NAME>{label}\n</STMTTRN>\n"
        for rank, (day, amount, label) in enumerate(told, 1)
    )
    balance = f"<LEDGERBAL><BALAMT>812,40<DTASOF>{told[-1][0]:%Y%m%d}</LEDGERBAL>"
    statement = f"<STMTRS><CURDEF>EUR<BANKACCTFROM>{ACCOUNT}</BANKACCTFROM><BANKTRANLIST>\n{listed}</BANKTRANLIST>{balance}</STMTRS>"
    return f"{HEAD}<OFX><BANKMSGSRSV1><STMTTRNRS>{statement}</STMTTRNRS></BANKMSGSRSV1></OFX>\n".encode("cp1252")
