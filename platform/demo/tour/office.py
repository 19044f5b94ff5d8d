"""A step of the tour: a resident reads a form, sends it with a dossier, mends the line named, reads the decision."""

from demo.seeding.offices import DECIDES, EXAMINES
from demo.tour.visitor import NOTHING, Page, Unexpected, Values, Visitor

AID, LINE = "inscription-cantine", "Quotient"
#: What the town's form asks, which no vault has.
DAYS = "Lundi, mardi, jeudi et vendredi"
GRANTED = "1,80 € le repas"


def send_and_be_answered(visitor: Visitor) -> str:
    """Send as the signed-in resident. Two agents answer, each in a browser of their own."""
    sent = _sent(visitor)
    number = sent.tree.xpath("string(//*[@class='civic-kicker'])").split("n°")[-1].split(",")[0].strip()
    hers, page = _opened(visitor.base_url, EXAMINES, number)
    hers.submit(page, page.form("/prendre/"))
    taken = hers.open(page.path)
    line = taken.tree.xpath(f"//main//div[dt[contains(., '{LINE}')]]//a[contains(@href, 'ligne=')]/@href")
    asking = hers.open(f"{page.path}{next(iter(line), '')}")
    message = {"fault": "outdated", "message": "Il a plus de trois mois."}
    hers.submit(asking, asking.form("fault"), message)
    correcting = visitor.open(next(iter(visitor.open(sent.path).links("/corriger/")), ""))
    visitor.submit(correcting, correcting.form("text"), {"text": "612 € ce mois-ci"})
    mended = hers.open(page.path)
    if "Avant la correction" not in mended.text:
        raise Unexpected(f"{mended.path}: the correction is not shown: {mended.text[:300]}")
    _confirmed(hers, mended, "proposal", {"proposal": "grant", "given": GRANTED})
    his, proposed = _opened(visitor.base_url, DECIDES, number)
    _confirmed(his, proposed, "/decider/", {"answer": "yes"})
    decided, vault = visitor.open(sent.path), visitor.open("/coffre/")
    if GRANTED not in decided.text or "accordée" not in decided.text:
        raise Unexpected(f"{decided.path}: no decision: {decided.text[:300]}")
    if "Inscription à la cantine" not in vault.text:
        raise Unexpected(f"/coffre/: the decision is not there: {vault.text[:300]}")
    return f"n° {number}, its form read and joined, one line corrected, decided by another agent, in the vault"


def _sent(visitor: Visitor) -> Page:
    start = visitor.open(f"/dossiers/nouveau/?aide={AID}")
    draft = visitor.submit(start, start.form("recipient"))
    draft = _joined(visitor, draft)
    ready = visitor.wait_for_job(visitor.submit(draft, draft.form("/fabriquer/")))
    send = visitor.open(next(iter(ready.links("/demandes/dossier/")), ""))
    if "/confirmer/" in send.path:
        send = visitor.submit(send, send.form("next"))
    if DAYS not in send.text:
        raise Unexpected(f"{send.path}: the form is not in what is sent: {send.text[:300]}")
    form = send.form("office")
    office = str(send.tree.xpath("string(//input[@name='office']/@value)"))
    return visitor.submit(send, form, {"office": office, "months": "3"})


def _joined(visitor: Visitor, draft: Page) -> Page:
    """Complete the form that the procedure names, look at its pages, and join it. Return the dossier's page."""
    form = visitor.open(next(iter(draft.links("/formulaire/")), ""))
    kept = visitor.submit(form, form.form("jours"), {"jours": DAYS})
    pages = visitor.open(next(link for link in kept.links("/pages/")))
    if not pages.tree.xpath("//main//img"):
        raise Unexpected(f"{pages.path}: no page is shown: {pages.text[:300]}")
    return visitor.submit(pages, pages.form("/joindre/"), {"choice": "yes"})


def _opened(base_url: str, slug: str, number: str) -> tuple[Visitor, Page]:
    """Sign in as an agent and open the request from the office's list."""
    agent = Visitor(base_url)
    start = agent.open("/demonstration/")
    agent.submit(start, start.form("person"), {"person": slug})
    listing = agent.open(f"/agents/demandes/?no={number}")
    found = listing.tree.xpath("//main//table//a/@href")
    if len(found) != 1:
        raise Unexpected(f"{listing.path}: n° {number} is not in the list: {listing.text[:300]}")
    return agent, agent.open(str(found[0]))


def _confirmed(agent: Visitor, page: Page, form: str, values: Values = NOTHING) -> Page:
    """Submit a form, after confirming who one is if the page asks for it."""
    answer = agent.submit(page, page.form(form), values)
    if "/confirmer/" in answer.path:
        again = agent.submit(answer, answer.form("next"))
        answer = agent.submit(again, again.form(form), values)
    return answer
