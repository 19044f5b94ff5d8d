"""A step of the tour: a resident's watch found a right; they read why, and say that they did not ask for it yet."""

from demo.seeding.watching import WHO
from demo.tour.visitor import Page, Unexpected, Visitor

NOT_YET = "Pas encore"


def read_and_answer(base_url: str) -> str:
    visitor = Visitor(base_url)
    start = visitor.open("/demonstration/")
    visitor.submit(start, start.form("person"), {"person": WHO})
    return answer_once(visitor)


def answer_once(visitor: Visitor) -> str:
    """Answer what the watch asks of the resident who is signed in, unless an earlier tour did."""
    page = visitor.open("/veille/")
    found = {link for link in page.links("/veille/") if link.count("-") == 4}
    if not found:
        raise Unexpected(f"/veille/: nothing was found: {page.text[:300]}")
    finding = _right_that_appeared(visitor, found)
    if "Dans votre coffre" not in finding.text:
        raise Unexpected(f"{finding.path}: it does not say why: {finding.text[:300]}")
    said = f"{len(found)} changes with why, one answered “{finding.title}”"
    if finding.tree.xpath("//input[@name='answer'][@checked]"):
        return f"{said} before: this is not the first tour"
    visitor.submit(finding, finding.form("answer"), {"answer": "not_yet"})
    if NOT_YET not in visitor.open("/veille/").text:
        raise Unexpected("/veille/: the answer was not kept")
    return said


def _right_that_appeared(visitor: Visitor, found: set[str]) -> Page:
    """Return the page of the only kind of change that asks something: a right that appeared, answered or not."""
    for link in sorted(found):
        finding = visitor.open(link)
        if finding.tree.xpath("//input[@name='answer']"):
            return finding
    raise Unexpected(f"/veille/: no right appeared among {len(found)} changes")
