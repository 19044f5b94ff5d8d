"""A step of the tour: a letter to an organisation, written from the vault, sent, and its clock started."""

from demo.visitor import Unexpected, Visitor

HOLDER = "caf"


def write_a_letter(visitor: Visitor) -> str:
    """The visitor is signed in as a resident. Nothing is typed: the day is today's, as the page proposes."""
    start = visitor.open(f"/coffre/obtenir/{HOLDER}/ecrire/")
    draft = visitor.submit(start, start.form("token"))
    letter = str(draft.tree.xpath("string(//textarea[@id='letter'])"))
    if "article 15" not in letter:
        raise Unexpected(f"{draft.path}: no letter: {draft.text[:200]}")
    pdf = visitor.open(draft.links("/demande.pdf")[0])
    if pdf.media_type != "application/pdf":
        raise Unexpected(f"{pdf.path}: {pdf.media_type} instead of a PDF")
    day = visitor.open(draft.links("/noter/envoyee/")[0])
    sent = visitor.submit(day, day.form("on_day"))
    if "En attente" not in sent.text:
        raise Unexpected(f"{sent.path}: the clock has not started: {sent.text[:200]}")
    return f"{len(letter.split())} words, PDF of {len(pdf.body) // 1024} kB, sent by the resident, answer due within a month"
