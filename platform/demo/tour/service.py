"""A step of the tour: a service is used without a vault, then with one; it writes points, is stopped, and refused."""

from django.conf import settings

from demo.seeding.par4chemins import NAME, WHO
from demo.tour.visitor import Page, Unexpected, Visitor


def use_and_stop(base_url: str) -> str:
    """Use Par 4 Chemins as Élise, in a browser of her own. Every box of the page of consent is ticked by the step."""
    visitor = Visitor(base_url)
    start = visitor.open("/demonstration/")
    visitor.submit(start, start.form("person"), {"person": WHO})
    home = visitor.open(f"{settings.PAR4CHEMINS_URL}/")
    alone = visitor.submit(home, home.form("gout"), {"gout": "nature"})
    _require(alone, "Vous aimez vous promener dans la nature")
    read = _connected(visitor, home)
    _require(read, "Vous allez souvent vers Gare")
    points = visitor.submit(read, read.form("/defis"), {"defi": "bus"})
    _require(points, "dans votre coffre, à votre nom et au nôtre")
    _require(visitor.open(f"{settings.PAR4CHEMINS_URL}/code"), "P4C-")
    _stop(visitor)
    after = visitor.open(f"{settings.PAR4CHEMINS_URL}/sorties")
    _require(after, "Nous avons oublié")
    return "used without a vault, read by consent, 60 points written back, a code, stopped, refused"


def _connected(visitor: Visitor, home: Page) -> Page:
    """Go through the page of consent, whose last page leads back to the service."""
    consent = visitor.submit(home, home.form("/connexion"))
    if "months" not in consent.form().fields and "/confirmer/" in consent.path:
        consent = visitor.submit(consent, consent.form("next"))
    form = consent.form("months")
    chosen = {
        name: [str(box) for box in consent.tree.xpath(f"//input[@name='{name}']/@value")]
        for name in ("items", "writes")
    }
    leaving = visitor.submit(consent, form, {**chosen, "months": "1", "answer": "accept"})
    return visitor.open(str(leaving.tree.xpath("string(//a[@class='civic-go'][@rel='noreferrer']/@href)")))


def _stop(visitor: Visitor) -> None:
    """Stop the share from the portal's list: follow a link to the question, then answer it."""
    shares = visitor.open("/partages/")
    card = shares.tree.xpath("//article[contains(., $name)]//a[contains(@href, '/arreter/')]/@href", name=NAME)
    question = visitor.open(next(iter(card), ""))
    stopped = visitor.submit(question, question.form())
    if "Arrêté" not in stopped.text:
        raise Unexpected(f"{stopped.path}: the share is not stopped: {stopped.text[:200]}")


def _require(page: Page, text: str) -> None:
    if text not in page.text:
        raise Unexpected(f"{page.path}: “{text}” is missing: {page.text[:300]}")
