"""A step of the tour: a resident gives a code to a companion, who sees the ticked items until they are stopped."""

from demo.people.accounts import find
from demo.tour.visitor import Page, Unexpected, Visitor

WHO = "theo"


def meet_a_companion(visitor: Visitor) -> str:
    """Meet a companion as the signed-in resident; the companion uses another browser."""
    make = visitor.open("/accompagnants/rendez-vous/")
    made = visitor.submit(make, make.form("items"), {"items": ["home"]})
    code = str(made.tree.xpath("string(//*[@class='civic-panel__reference'])")).strip()
    companion = Visitor(visitor.base_url)
    start = companion.open("/demonstration/")
    companion.submit(start, start.form("person"), {"person": WHO})
    ask = companion.open("/accompagnement/code/")
    there = companion.submit(ask, ask.form("code"), {"code": code.lower()})
    home = companion.open(next(iter(there.links("/home/")), ""))
    if "Vous agissez pour" not in home.body.decode() or "Villebrume" not in home.text:
        raise Unexpected(f"{home.path}: the home is not shown: {home.text[:200]}")
    lines = _stop(visitor)
    if _opens(companion, home):
        raise Unexpected(f"{home.path}: still opens after the resident stopped it")
    return f"code typed, home seen, stopped by the resident, then refused; her journal: “{lines}”"


def _stop(visitor: Visitor) -> str:
    """Stop the companion's access, and return the journal's sentence about the reading."""
    helpers = visitor.open("/accompagnants/")
    question = visitor.open(helpers.links("/arreter/")[0])
    visitor.submit(question, question.form("/arreter/"))
    person = find(WHO)
    name = person.name if person else WHO
    sentences = [
        " ".join(line.split())
        for line in visitor.open("/journal/").tree.xpath("//main//*[contains(text(), ' a lu ')]/text()")
    ]
    found = next((line for line in sentences if name in line), "")
    if not found:
        raise Unexpected("/journal/: nothing says that the companion read")
    return found


def _opens(companion: Visitor, page: Page) -> bool:
    try:
        companion.open(page.path)
    except Unexpected:
        return False
    return True
