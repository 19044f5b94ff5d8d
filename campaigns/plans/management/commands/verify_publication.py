"""`manage.py verify_publication PLAN.json FILE...`: verify publications from their files alone, without database."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.noise import budget, verifying
from campaigns.noise.plan import Plan
from campaigns.noise.publication import Publication
from campaigns.noise.refusals import PlanRefused


class Command(BaseCommand):
    help = "Recompute the budget, the noise, the thresholds and the chain of publications from their files."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("plan", type=Path)
        parser.add_argument(
            "files",
            type=Path,
            nargs="+",
            help="all publications of the consultation, oldest first: documents, or JSON files of the results' pages",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = Plan.from_json(json.loads(options["plan"].read_text()))
            found = [_publication(json.loads(file.read_text())) for file in options["files"]]
        except PlanRefused as refused:
            raise CommandError(f"The plan is refused: {refused}") from None
        except (OSError, ValueError) as error:
            raise CommandError(f"Unreadable: {error}") from None
        if wrong := verifying.chain_problems(found, plan):
            raise CommandError("\n".join(wrong))
        for one in found:
            stored = one.document
            self.stdout.write(f"{stored['window']}: {stored['outcome']}, sha256 {one.sha256}")
        self.stdout.write(
            f"Verified. One resident spends at most rho = {plan.rho:g}, so epsilon ="
            f" {budget.compute_spending(plan)['epsilon']} at delta = {budget.DELTA:g}."
        )


def _publication(document: Any) -> Publication:  # noqa: ANN401 - anything may be in a file
    """Return the publication of a document, or of the signed file that contains it."""
    if not isinstance(document, dict):
        raise ValueError("not a publication")
    return Publication(document.get("publication", document))
