from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

from services.aids import benefits, differences

HEADS = "| Aid | Rule | Text | Published engine | Ours | Household |\n|---|---|---|---|---|---|"


class Command(BaseCommand):
    help = "Prints where our amounts differ from the published engine's, as the table of docs/aids.md."

    def handle(self, *_args: Any, **_options: Any) -> None:
        with translation.override("en"):
            self.stdout.write("\n".join([HEADS, *(self._line(one) for one in differences.ALL)]))

    def _line(self, one: differences.Difference) -> str:
        households = ", ".join(one.cases)
        title = benefits.BY_CODE[one.benefit].title
        return f"| {title} | {one.rule} | {one.article} | {one.stock} | {one.ours} | {households} |"
