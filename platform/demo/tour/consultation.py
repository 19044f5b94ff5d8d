"""A step of the tour: a resident sees what would leave, contributes, withdraws, then anybody verifies the results."""

import io
from pathlib import Path

from django.core.management import CommandError, call_command

from demo.seeding.consultations import CLOSED, OPEN, WHO
from demo.tour.visitor import Page, Unexpected, Visitor

WINDOWS = ("w1", "w2")


def contribute_withdraw_verify(base_url: str, folder: Path) -> str:
    """Contribute as Léo, in a browser of his own, and withdraw; then verify both publications without an account."""
    visitor = Visitor(base_url)
    start = visitor.open("/demonstration/")
    visitor.submit(start, start.form("person"), {"person": WHO})
    leaves = _contribute(visitor)
    _withdraw(visitor)
    size = _verify(Visitor(base_url), folder)
    return f"{leaves} values left, withdrawn before they counted; {len(WINDOWS)} publications, {size} kB, verified"


def _contribute(visitor: Visitor) -> int:
    page = visitor.open(f"/consultations/{OPEN}/participer/")
    _require(page, "Rien n’est encore envoyé")
    _require(page, "Plateau → Centre")
    values = [str(one) for one in page.tree.xpath("//*[@aria-labelledby='leaves']//li//strong/text()")]
    sent = visitor.submit(page, page.form("seen"), {"answer": "yes"})
    _require(sent, "Votre copie attend, scellée")
    return len(values)


def _withdraw(visitor: Visitor) -> None:
    page = visitor.open(f"/consultations/{OPEN}/ma-participation/")
    question = visitor.open(next(iter(page.links("/arreter/")), ""))
    visitor.submit(question, question.form())
    _require(visitor.open(f"/consultations/{OPEN}/ma-participation/"), "Vous ne participez pas")


def _verify(visitor: Visitor, folder: Path) -> int:
    """Download the plan and the signed files, and run both commands that verify them. Return kilobytes."""
    results = visitor.open(f"/consultations/{CLOSED}/resultats/")
    _require(results, "personnes")
    folder.mkdir(parents=True, exist_ok=True)
    plan = folder / "plan.json"
    plan.write_bytes(visitor.open(f"/consultations/{CLOSED}/plan.json").body)
    files = [folder / f"{CLOSED}-{window}.json" for window in WINDOWS]
    for window, file in zip(WINDOWS, files, strict=True):
        file.write_bytes(visitor.open(f"/consultations/{CLOSED}/resultats/{window}/fichiers/json").body)
    said = io.StringIO()
    try:
        call_command("verify_publication", str(plan), *map(str, files), stdout=said)
        for file in files:
            call_command("verify_results", str(file), stdout=said)
    except CommandError as problem:
        raise Unexpected(f"the publications of {CLOSED}: {problem}") from None
    if "Verified" not in said.getvalue():
        raise Unexpected(f"verify_publication: {said.getvalue()}")
    return sum(file.stat().st_size for file in files) // 1024


def _require(page: Page, text: str) -> None:
    if text not in page.text:
        raise Unexpected(f"{page.path}: “{text}” is missing: {page.text[:300]}")
