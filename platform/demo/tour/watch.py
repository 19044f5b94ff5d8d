"""A step of the tour: a resident's watch found a right; they read why, and say that they did not ask for it yet."""

from demo.seeding.watching import WHO
from demo.tour.visitor import Unexpected, Visitor


def read_and_answer(base_url: str) -> str:
    visitor = Visitor(base_url)
    start = visitor.open("/demonstration/")
    visitor.submit(start, start.form("person"), {"person": WHO})
    page = visitor.open("/veille/")
    found = [link for link in page.links("/veille/") if link.count("-") == 4]
    if not found:
        raise Unexpected(f"/veille/: nothing was found: {page.text[:300]}")
    for link in found:
        finding = visitor.open(link)
        if "Un droit est apparu" in page.text and finding.tree.xpath("//input[@name='answer']"):
            break
    else:
        raise Unexpected(f"/veille/: no right appeared: {page.text[:300]}")
    if "Dans votre coffre" not in finding.text:
        raise Unexpected(f"{finding.path}: it does not say why: {finding.text[:300]}")
    visitor.submit(finding, finding.form("answer"), {"answer": "not_yet"})
    if "Pas encore" not in visitor.open("/veille/").text:
        raise Unexpected("/veille/: the answer was not kept")
    return f"{len(set(found))} changes with why, one answered “{finding.title}”"
