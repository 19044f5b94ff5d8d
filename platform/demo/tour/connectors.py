"""A step of the tour: a newcomer by FranceConnect, whose vault two holders fill, reads her aids: she types nothing."""

from time import perf_counter

from demo.people import vaults
from demo.tour.visitor import Page, Unexpected, Visitor

WHO = vaults.COMES_BY_FRANCECONNECT
METER = "00042000000031"
SECONDS = 15


def walk(base_url: str) -> str:
    """Walk the steps in a separate browser. Later runs fill the vault of Inès with the same answers."""
    visitor, start = Visitor(base_url), perf_counter()
    come_by_franceconnect(visitor)
    connect_caf(visitor)
    connect_enedis(visitor)
    amount = results(visitor)
    took = perf_counter() - start
    if visitor.typed:
        raise Unexpected(f"{visitor.typed} fields were typed on the way")
    if took > SECONDS:
        raise Unexpected(f"it took {took:.1f} s, more than {SECONDS}")
    return f"FranceConnect, CAF and Enedis, then {amount} not claimed, in {took:.1f} s; typed fields: 0"


def come_by_franceconnect(visitor: Visitor) -> Page:
    sign_in = visitor.open("/connexion/")
    leaving = visitor.submit(sign_in, sign_in.form("/franceconnect/"))
    there = visitor.open(leaving.links("/authorize?")[0])
    page = visitor.submit(there, there.form("person"), {"person": WHO})
    if "/inscription/" in page.path or "/nouveau" in page.path:
        page = visitor.submit(page, page.form())
    if page.path.startswith("/coffre/identite/"):
        page = visitor.submit(page, page.form("next"), {"answer": "yes"})
    return page


def connect_caf(visitor: Visitor) -> Page:
    page = visitor.open("/coffre/connexions/nouvelle/caf/")
    asked = visitor.submit(page, page.form("rhythm"), {"datasets": ["quotient", "prestations"], "rhythm": "once"})
    return _came(visitor.wait_for_job(asked))


def connect_enedis(visitor: Visitor) -> Page:
    page = visitor.open("/coffre/connexions/nouvelle/enedis/")
    asked = visitor.submit(page, page.form("rhythm"), {"datasets": ["jours", "contrat"], "rhythm": "once"})
    there = visitor.open(asked.links("/accord/")[0])
    return _came(visitor.wait_for_job(visitor.submit(there, there.form("meter"), {"meter": METER, "answer": "yes"})))


def results(visitor: Visitor) -> str:
    page = visitor.open("/aides/")
    amount = " ".join(str(page.tree.xpath("string(//*[@class='civic-headline__number'])")).split())
    if "€" not in amount:
        raise Unexpected(f"/aides/: no amount: {page.text[:300]}")
    return amount


def _came(page: Page) -> Page:
    if "Dernière réception" not in page.text or "Pas reçu" in page.text:
        raise Unexpected(f"{page.path}: {page.text[:300]}")
    return page
