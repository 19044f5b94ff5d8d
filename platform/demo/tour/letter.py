"""A step of the tour: write a letter to an organisation from the vault, mark it as sent, and start its deadline."""

from demo.tour.visitor import Unexpected, Visitor

HOLDER = "caf"


def write_a_letter(visitor: Visitor) -> str:
    """Write the letter as the signed-in resident, on today's date as the page proposes, without typing."""
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
    size = f"{len(letter.split())} words, PDF of {len(pdf.body) // 1024} kB"
    return f"{size}, sent by the resident, answer due within a month"
